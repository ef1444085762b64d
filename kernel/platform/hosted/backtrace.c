// SPDX-License-Identifier: MIT
//
// The kernel's own frames, by the C library.
#include "kernel/debug/backtrace.h"

#include <execinfo.h>

#include "kernel/platform/hosted/hosted.h"

void backtrace_kernel(void) {
    void *frames[32];
    backtrace_symbols_fd(frames, backtrace(frames, 32), hosted_options.log_fd);
}
