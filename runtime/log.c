// SPDX-License-Identifier: MIT
//
// Log lines and panics.
#include "bulkhead/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "bulkhead/domain.h"
#include "runtime/calls.h"

static void write_line(enum bh_log_level level, const char *format, va_list arguments) {
    char line[BH_LOG_LINE_MAX];
    int size = vsnprintf(line, sizeof(line), format, arguments);
    if (size >= (int)sizeof(line))
        size = sizeof(line) - 1;
    if (size > 0)
        bh_call_log(level, line, (size_t)size);
}

#define LOG_FUNCTION(name, level)                                                                  \
    void name(const char *format, ...) {                                                           \
        va_list arguments;                                                                         \
        va_start(arguments, format);                                                               \
        write_line(level, format, arguments);                                                      \
        va_end(arguments);                                                                         \
    }

LOG_FUNCTION(bh_error_log, BH_LOG_ERROR)
LOG_FUNCTION(bh_warn, BH_LOG_WARNING)
LOG_FUNCTION(bh_info, BH_LOG_INFO)
LOG_FUNCTION(bh_debug, BH_LOG_DEBUG)

[[noreturn]] void bh_panic(const char *format, ...) {
    char line[BH_LOG_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    bh_call_panic(line, size < 0 ? 0 : size >= (int)sizeof(line) ? sizeof(line) - 1 : (size_t)size);
    __builtin_trap();
}
