// SPDX-License-Identifier: MIT
//
// Recursive Fibonacci: what calls and returns cost.
#include "programs.h"

static __attribute__((noinline)) uint64_t fibonacci(uint32_t n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

uint64_t fibonacci_run(uint32_t rounds) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rounds; i++)
        sum += fibonacci(27 + (i & 1));
    return sum;
}
