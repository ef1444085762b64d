// SPDX-License-Identifier: MIT
//
// One line of output: to the kernel's log in a domain, to standard output elsewhere. Floating-point values are shown by their bits.
#ifndef SAY_H
#define SAY_H

#include <stdint.h>
#include <string.h>

#ifdef __BULKHEAD__
#include <bulkhead/log.h>
#define say(...) bh_info(__VA_ARGS__)
#else
#include <stdio.h>
#define say(...) (printf(__VA_ARGS__), putchar('\n'), fflush(stdout))
#endif

// Keeps the optimizer from knowing a value.
#define HIDE(value) __extension__({ volatile __typeof__(value) hidden_ = (value); hidden_; })

static inline unsigned long long bits_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return value != value ? 0x7ff8000000000000ull : bits;
}

static inline unsigned bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return value != value ? 0x7fc00000u : bits;
}

// Mantissa; sign and exponent are left to the caller's signs.
static inline unsigned long long bits_of_long_double(long double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

// A checksum of any object without padding.
static inline unsigned sum_of(const void *object, size_t size) {
    unsigned sum = 2166136261u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ ((const unsigned char *)object)[i]) * 16777619u;
    return sum;
}

#endif
