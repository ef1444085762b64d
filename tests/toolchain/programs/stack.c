// SPDX-License-Identifier: MIT
//
// Objects on the stack: dynamic allocas, variable-length arrays in loops and scopes, large frames, alignment, addresses that travel.
#include <alloca.h>
#include <stdalign.h>
#include <stdlib.h>

#include "say.h"

__attribute__((noinline)) static void fill(unsigned char *to, int size, int seed) {
    for (int i = 0; i < size; i++)
        to[i] = (unsigned char)(seed + i * 3);
}

__attribute__((noinline)) static unsigned dynamic(int size) {
    unsigned char *a = alloca((size_t)size), *b = alloca((size_t)(size * 2));
    fill(a, size, 1);
    fill(b, size * 2, 2);
    return sum_of(a, (size_t)size) ^ sum_of(b, (size_t)(size * 2));
}

__attribute__((noinline)) static unsigned loop_of_arrays(int rounds) {
    unsigned sum = 0;
    for (int i = 1; i <= rounds; i++) {
        int array[i];
        for (int k = 0; k < i; k++)
            array[k] = k * i;
        sum = sum * 31 + sum_of(array, sizeof(array));
        if (i % 3 == 0)
            continue;
        char more[i * 2];
        fill((unsigned char *)more, i * 2, i);
        sum += sum_of(more, sizeof(more));
    }
    return sum;
}

__attribute__((noinline)) static int matrix(int rows, int columns, int m[rows][columns]) {
    int copy[columns][rows], trace = 0;
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < columns; k++)
            copy[k][i] = m[i][k];
    for (int i = 0; i < rows && i < columns; i++)
        trace += copy[i][i] * (i + 1);
    return trace + (int)sizeof(copy);
}

__attribute__((noinline)) static unsigned large_frame(int seed) {
    unsigned char big[100000];
    volatile int after = seed;
    fill(big, sizeof(big), seed);
    big[HIDE(99999)] = 77;
    return sum_of(big, sizeof(big)) + (unsigned)after;
}

__attribute__((noinline)) static unsigned recursive_frame(int depth) {
    unsigned char some[512];
    fill(some, sizeof(some), depth);
    unsigned below = depth ? recursive_frame(depth - 1) : 0;
    return below * 5 + sum_of(some, sizeof(some));
}

__attribute__((noinline)) static unsigned recursive_dynamic(int depth) {
    unsigned char some[depth + 1];
    fill(some, depth + 1, depth);
    unsigned below = depth ? recursive_dynamic(depth - 1) : 0;
    return below * 7 + sum_of(some, (size_t)depth + 1);
}

__attribute__((noinline)) static int aligned_objects(int n) {
    alignas(64) char a[3] = {1, 2, 3};
    alignas(128) int b = n;
    alignas(16) long double c = n;
    char d[n];
    fill((unsigned char *)d, n, n);
    int bad = (int)((uintptr_t)a % 64) + (int)((uintptr_t)&b % 128) + (int)((uintptr_t)&c % 16) + (int)((uintptr_t)d % 16);
    return bad * 1000 + a[HIDE(1)] + b + (int)c;
}

struct list { struct list *next; int value; };
__attribute__((noinline)) static int chain(struct list *head, int depth) {
    struct list here = {head, depth};
    if (depth)
        return chain(&here, depth - 1);
    int sum = 0;
    for (struct list *l = &here; l; l = l->next)
        sum = sum * 3 + l->value;
    return sum;
}

__attribute__((noinline)) static int early(int n) {
    if (n < 0)
        return -1;
    int a[n + 1];
    for (int i = 0; i <= n; i++) {
        a[i] = i;
        if (i == 7) {
            char b[n];
            fill((unsigned char *)b, n, i);
            return b[n - 1];
        }
    }
again:;
    {
        int c[n + 2];
        c[n] = a[n]++;
        if (c[n] < 5)
            goto again;
        return c[n];
    }
}

int main(void) {
    say("%08x %08x", dynamic(HIDE(10)), dynamic(HIDE(1000)));
    say("%08x", loop_of_arrays(HIDE(60)));
    int m[4][6];
    for (int i = 0; i < 24; i++)
        m[i / 6][i % 6] = i * i;
    say("%d", matrix(4, 6, m));
    say("%08x %08x", large_frame(HIDE(3)), large_frame(HIDE(4)));
    say("%08x %08x", recursive_frame(100), recursive_dynamic(120));
    say("%d %d", aligned_objects(HIDE(5)), aligned_objects(HIDE(31)));
    say("%d %d %d %d", chain(NULL, 12), early(HIDE(3)), early(HIDE(20)), early(HIDE(-3)));
    unsigned before = dynamic(100), total = 0;
    for (int i = 0; i < 2000; i++) // nothing may be left behind
        total += dynamic(1000) ^ loop_of_arrays(5) ^ (unsigned)early(4);
    say("%08x %d", total, before == dynamic(100));
    return 0;
}
