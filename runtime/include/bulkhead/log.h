// SPDX-License-Identifier: MIT
//
// Lines in the kernel's log (`bhctl log`), prefixed with the domain's name.
#ifndef BULKHEAD_LOG_H
#define BULKHEAD_LOG_H

// One line each, printf style, at most BH_LOG_LINE_MAX bytes (kernel/abi/call.h); what is longer is cut.
void bh_error_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
void bh_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void bh_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void bh_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
