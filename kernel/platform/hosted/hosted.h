// SPDX-License-Identifier: MIT
//
// Between the files of the hosted platform, and for programs that run the kernel inside themselves (tests, benchmarks).
#ifndef BH_HOSTED_H
#define BH_HOSTED_H

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
[[noreturn]] void hosted_leave(int status);

#endif
