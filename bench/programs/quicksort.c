// SPDX-License-Identifier: MIT
//
// Quicksort with the comparison behind a function pointer: checked indirect calls.
#include "programs.h"

#include <stdlib.h>

#define COUNT (64u << 10)

typedef int compare_function(uint32_t a, uint32_t b);

static int ascending(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

static int descending(uint32_t a, uint32_t b) {
    return (a < b) - (a > b);
}

static void sort(uint32_t *values, int64_t low, int64_t high, compare_function *compare) {
    while (low < high) {
        uint32_t pivot = values[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (compare(values[i], pivot) < 0)
                i++;
            while (compare(values[j], pivot) > 0)
                j--;
            if (i <= j) {
                uint32_t swap = values[i];
                values[i++] = values[j];
                values[j--] = swap;
            }
        }
        if (j - low < high - i) {
            sort(values, low, j, compare);
            low = i;
        } else {
            sort(values, i, high, compare);
            high = j;
        }
    }
}

uint64_t quicksort_run(uint32_t rounds) {
    static compare_function *volatile directions[] = {ascending, descending};
    uint32_t *values = malloc(COUNT * sizeof(*values));
    uint64_t seed = 42, sum = 0;
    if (!values)
        return 0;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < COUNT; i++)
            values[i] = (uint32_t)next_random(&seed);
        sort(values, 0, COUNT - 1, directions[round & 1]);
        for (uint32_t i = 0; i < COUNT; i += 997)
            sum = sum * 31 + values[i];
    }
    free(values);
    return sum;
}
