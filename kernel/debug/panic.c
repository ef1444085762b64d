// SPDX-License-Identifier: MIT
//
// The end of the kernel: a sentence at a known symbol for debuggers, the same on the console, and power off.
#include <stdarg.h>
#include <stdio.h>

#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/debug/backtrace.h"
#include "kernel/platform/platform.h"

#define PANIC_STATUS 101

// Read by gdb and post-mortem tools; empty while the kernel lives.
char bh_epitaph[256];

[[noreturn]] void panic(const char *format, ...) {
    va_list arguments;
    (void)irq_disable();
    if (!bh_epitaph[0]) {
        va_start(arguments, format);
        vsnprintf(bh_epitaph, sizeof(bh_epitaph), format, arguments);
        va_end(arguments);
        log_write(BH_LOG_ERROR, "kernel", "PANIC: %s", bh_epitaph);
        backtrace_kernel();
    }
    power_off(PANIC_STATUS);
}
