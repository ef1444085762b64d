// SPDX-License-Identifier: MIT
//
// The programs whose confinement is measured. Each is compiled twice from one source: by clang -O2 into the benchmark itself
// and by bhcc into a domain. run() does `rounds` units of work on data that it made itself and returns a checksum, the same in
// both builds. Memory comes from malloc and is freed.
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t program_run(uint32_t rounds);

struct program {
    const char *name;
    const char *what;
    program_run *run;
    uint32_t rounds; // for about 20 ms
};

extern const struct program programs[];
extern const size_t program_count;

program_run fibonacci_run, list_run, list_small_run, sha256_run, quicksort_run, virtqueue_run, interpreter_run, hash_run,
    matrix_run, lz4_run, zlib_run;

// Repeatable pseudo-random numbers (xorshift64).
static inline uint64_t next_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

#endif
