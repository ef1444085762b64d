// SPDX-License-Identifier: MIT
//
// Matrix product in double precision: SSE2 and two-dimensional indexing.
#include "programs.h"

#include <stdlib.h>
#include <string.h>

#define N 96

uint64_t matrix_run(uint32_t rounds) {
    double(*a)[N] = malloc(3 * sizeof(double[N][N])), (*b)[N] = a + N, (*c)[N] = b + N;
    uint64_t bits;
    if (!a)
        return 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 7 + j) % 13 - 6;
            b[i][j] = (i + j * 5) % 11 - 5;
        }
    for (uint32_t round = 0; round < rounds; round++) {
        memset(c, 0, sizeof(double[N][N]));
        for (int i = 0; i < N; i++)
            for (int k = 0; k < N; k++)
                for (int j = 0; j < N; j++)
                    c[i][j] += a[i][k] * b[k][j];
        a[round % N][3] += c[5][7] > 0 ? 1 : -1;
    }
    memcpy(&bits, &c[N / 2][N / 3], sizeof(bits));
    free(a);
    return bits;
}
