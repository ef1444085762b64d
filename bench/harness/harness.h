// SPDX-License-Identifier: MIT
//
// What the C halves of the benchmarks share: the time-stamp counter turned into core cycles, quartiles, JSON, and a kernel that runs the
// benchmark as one of its own threads, so that native code and domains alternate in one process, on one processor.
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kernel/domain/domain.h"

// ---- measure.c
uint64_t ticks_now(void); // waits for what stands before it, holds up what comes after
// Core cycles in one tick, now: a chain of dependent additions takes one cycle each on every processor that we know.
double cycles_per_tick(void);
// Nanoseconds in one tick, against CLOCK_MONOTONIC.
double ns_per_tick(void);
// Processor time of this thread in nanoseconds: what other processes take does not count.
uint64_t cpu_time_ns(void);
// Stay on the processor that we are on; returns its number, -1 when that is not allowed.
int pin_to_processor(void);

struct quartiles {
    double low, median, high;
};
// Sorts `values`. `count` at least 1.
struct quartiles quartiles_of(double *values, size_t count);
// "NAME": {the samples times `factor', in the order in which they were taken, and their quartiles}. Sorts and changes `values'.
void print_samples(FILE *file, const char *name, double *values, size_t count, double factor);

// ---- boot.c
// Boot the system in `archive` in this process and run `benchmark` in a kernel thread once its domains serve. Returns what
// `benchmark` returned (0: all well), or 1 when the system did not start. Once per process.
int run_in_kernel(const char *archive, int (*benchmark)(void));
// The served port of a domain; NULL with a message when it is not served within a second.
struct port *served_port(const char *domain, const char *port);

// No timer signals while native code is timed: in kernel code, which takes no interrupts, they would come again and again.
void timer_hold(void);
void timer_release(void);

// ---- handover.c: a byte, a count or a word handed to another process and back
struct handover {
    const char *name, *what;
    bool (*start)(void);       // fork the partner; before the kernel boots
    bool (*there_and_back)(void);
};
extern const struct handover handovers[];
extern const size_t handover_count;
void handovers_stop(void);
// `size` bytes in one piece, as pipes and the like give and take them when they are small.
bool read_all(int fd, void *to, size_t size);
bool write_all(int fd, const void *from, size_t size);

#endif
