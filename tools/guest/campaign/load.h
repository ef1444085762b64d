// SPDX-License-Identifier: MIT
//
// What the parts of a campaign's load share: time, numbers that follow from others, and when it is over.
#pragma once
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

extern _Atomic bool stop; // the host has typed a letter

// splitmix64; the same in tools/campaign/disk.py.
static inline uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static inline uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline void raise_to(_Atomic uint64_t *most, uint64_t value) {
    uint64_t seen = *most;
    while (value > seen && !atomic_compare_exchange_weak(most, &seen, value))
        ;
}

// That of zlib: `sum' is of what stood before, 0 at first.
uint32_t crc32(uint32_t sum, const void *data, size_t size);

// From now on what is printed is summed up.
void console_start(void);

// A line about what was printed since the last one.
void console_say(void);

// Listen for the host's connections, and serve them. Returns 0, or an error of errno.
int network_start(void);

// How many of its connections have not come to their end.
int network_open(void);

// A line about what went on since the last one.
void network_say(uint64_t ms);

// Read random bytes. Returns 0, or an error of errno.
int entropy_start(void);

// Whether they are still read.
int entropy_open(void);

// A line about what went on since the last one.
void entropy_say(uint64_t ms);
