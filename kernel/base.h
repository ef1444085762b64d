// SPDX-License-Identifier: MIT
//
// What every kernel file may use: own invariants, refusals, checked sums.
#ifndef BH_BASE_H
#define BH_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"

// A broken invariant of our own: stop with the epitaph. Never for what a domain, guest, device or file said.
#define BH_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : panic("%s:%d: broken invariant: %s", __FILE__, __LINE__, #condition))

[[noreturn]] void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

// The one way to say no: logs the sentence (at most three times a second for each peer and sentence) and
// returns `error`. The sentence names the operation, the value and the limit.
enum bh_error refuse(enum bh_error error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Sentence and hint of errors.def. Static, never NULL.
const char *error_sentence(enum bh_error error);
const char *error_hint(enum bh_error error);

static inline uint64_t round_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

// Is [start, start + size) inside [0, limit)? Safe against overflow.
static inline bool range_inside(uint64_t start, uint64_t size, uint64_t limit) {
    return start <= limit && size <= limit - start;
}

// Copy a NUL-terminated name, cut to fit, the rest zeroed.
void copy_name(char *to, size_t capacity, const char *from);
// What is not printable ASCII becomes a dot, a tab a space: for text of domains that people will see on their terminals.
void make_printable(char *text, size_t size);

#endif
