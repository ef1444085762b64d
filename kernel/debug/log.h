// SPDX-License-Identifier: MIT
//
// The kernel's log: lines in a ring buffer of memory, copied to the console as they come. Positions count bytes since the
// start, so a reader that fell behind sees that something is missing.
#ifndef BH_LOG_H
#define BH_LOG_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/call.h"

// One line, printf style; `source` is "kernel" or a domain's name. Any context but trap handlers of unknown state.
void log_write(enum bh_log_level level, const char *source, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Copy log text from `position` on into `to`; returns bytes copied, sets *next. Skips what is overwritten.
size_t log_read(uint64_t position, char *to, size_t capacity, uint64_t *next);

// What is refused to the current thread from now on is also written here, the last one; NULL: no more. One thread at a time.
void refusals_to(char *text, size_t size);

// Lines above this level stay off the console (they are kept in the buffer). Default BH_LOG_INFO.
void log_console_level(enum bh_log_level level);

#endif
