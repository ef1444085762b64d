// SPDX-License-Identifier: MIT
//
// Between the files of the hosted platform, and for programs that run the kernel inside themselves (tests, benchmarks).
#ifndef BH_HOSTED_H
#define BH_HOSTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hosted_options {
    uint64_t memory_size;      // bytes of "physical" memory; 0: 512 MiB
    const char *archive;       // path of a boot archive, or NULL
    const char *command_line;  // or NULL
    int log_fd;                // where the kernel's log goes
};

// Boot the kernel in this process; returns the status given to power_off(), or 1 when the set-up failed (said on stderr).
// Once per process.
int hosted_run(const struct hosted_options *options);

// ---- among the platform's files
extern uint8_t platform_irq_enabled;
extern struct hosted_options hosted_options;
int hosted_paging_start(uint64_t memory_size); // 0, or -1 with a message
int hosted_trap_start(void);
int hosted_clock_start(void);
void hosted_clock_again(void); // from the signal handler: the timer fired at a bad moment, let it fire again soon
int hosted_memory_file(void);

// process.c: the processes of domains. Their part of the address space follows the kernel's: page by page, while the domain has a process.
void process_map(uint64_t va, uint64_t offset, uint64_t size, int protection); // of the memory file
void process_unmap(uint64_t va, uint64_t size);
void process_protect(uint64_t va, uint64_t size, int protection);
struct trap_frame;
#define PROCESS_CS 0 // in a trap frame that stands for one in a process
bool process_waits(const struct trap_frame *frame); // for a process
void process_fault(struct trap_frame *frame); // a fault of the waiting code stands for one in the process: make the frame that one
bool process_ended(struct trap_frame *frame); // one that nobody ended: its domain dies of it, and the frame goes on elsewhere
[[noreturn]] void hosted_leave(int status);

#endif
