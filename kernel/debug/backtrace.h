// SPDX-License-Identifier: MIT
//
// Symbolized backtraces with libunwind: across all domains on a thread's control stack, or of the kernel itself.
#ifndef BH_BACKTRACE_H
#define BH_BACKTRACE_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/crash.h"
#include "kernel/platform/platform.h"

struct thread;

// Frames of domain code, innermost first. `frame` is where it was interrupted, NULL when the thread is in a kernel call.
// Returns how many were written.
size_t backtrace_thread(struct thread *thread, const struct trap_frame *frame, struct bh_frame_info *frames, size_t max);
// The kernel's own frames, into the log. For panics.
void backtrace_kernel(void);

#endif
