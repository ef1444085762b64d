// SPDX-License-Identifier: MIT
//
// Time in ticks, core cycles and nanoseconds; quartiles.
#include "bench/harness/harness.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#define CHAIN_ROUNDS 40
#define CHAIN_LENGTH 100 // additions in one round
#define SECOND_NS 1000000000ull

uint64_t ticks_now(void) {
    _mm_lfence();
    uint64_t ticks = __rdtsc();
    _mm_lfence();
    return ticks;
}

double cycles_per_tick(void) {
    uint64_t value = 1, step = 3, rounds = CHAIN_ROUNDS;
    uint64_t start = ticks_now();
    __asm__ volatile("1: .rept 100\n add %1, %0\n .endr\n dec %2\n jnz 1b" : "+r"(value), "+r"(step), "+r"(rounds) : : "cc");
    uint64_t took = ticks_now() - start;
    return (double)(CHAIN_ROUNDS * CHAIN_LENGTH) / (double)(took ? took : 1);
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

double ns_per_tick(void) {
    uint64_t start_ns = clock_ns(CLOCK_MONOTONIC), start = ticks_now(), ns;
    do
        ns = clock_ns(CLOCK_MONOTONIC) - start_ns;
    while (ns < SECOND_NS / 20);
    return (double)ns / (double)(ticks_now() - start);
}

uint64_t cpu_time_ns(void) {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

int pin_to_processor(void) {
    cpu_set_t set;
    int processor = sched_getcpu();
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return processor >= 0 && sched_setaffinity(0, sizeof(set), &set) == 0 ? processor : -1;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double at(const double *values, size_t count, double part) {
    double position = part * (double)(count - 1);
    size_t below = (size_t)position;
    double share = position - (double)below;
    return below + 1 < count ? values[below] * (1 - share) + values[below + 1] * share : values[below];
}

struct quartiles quartiles_of(double *values, size_t count) {
    qsort(values, count, sizeof(*values), compare);
    return (struct quartiles){at(values, count, 0.25), at(values, count, 0.5), at(values, count, 0.75)};
}

void print_samples(FILE *file, const char *name, double *values, size_t count, double factor) {
    for (size_t i = 0; i < count; i++)
        values[i] *= factor;
    fprintf(file, "\"%s\": {\"samples\": [", name);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s%.6g", i ? ", " : "", values[i]);
    struct quartiles quartiles = quartiles_of(values, count);
    fprintf(file, "], \"low\": %.4f, \"median\": %.4f, \"high\": %.4f}", quartiles.low, quartiles.median, quartiles.high);
}
