// SPDX-License-Identifier: MIT
//
// How a domain that tests others checks what they do. A check that fails logs where and why, and powers off with status 1.
#ifndef EXPECT_H
#define EXPECT_H

#include <stdarg.h>
#include <stdio.h>

#include <bulkhead/domain.h>
#include <bulkhead/settings.h>

#include "kernel.h"

extern bh_cap system_cap; // System; each of these domains has one

[[noreturn, gnu::format(printf, 3, 4)]] static inline void fail(const char *file, int line, const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    bh_error_log("FAILED: %s:%d: %s", file, line, text);
    (void)system_power_off(system_cap, 1);
    bh_thread_exit();
}

static inline void expect_error(const char *file, int line, const char *what, enum bh_error got, enum bh_error expected) {
    if (got != expected)
        fail(file, line, "%s: %d (%s), expected %d (%s)", what, got, bh_strerror(got), expected, bh_strerror(expected));
}

#define EXPECT(condition, ...) ((condition) ? (void)0 : fail(__FILE__, __LINE__, __VA_ARGS__))
#define EXPECT_ERROR(call, expected) expect_error(__FILE__, __LINE__, #call, (call), (expected))
#define EXPECT_OK(call) EXPECT_ERROR(call, BH_OK)
// Setting `key', which must be there, as text in the array `value'.
#define EXPECT_SETTING(key, value) EXPECT(bh_setting(key, value, sizeof(value)), "there is no setting %s", key)

#endif
