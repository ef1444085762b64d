// SPDX-License-Identifier: MIT
//
// Control flow: dense and sparse switches, switches over strings of cases that optimizers turn into tables, Duff's device, goto, deep and
// mutual recursion, many arguments.
#include "say.h"

__attribute__((noinline)) static int dense(int n) {
    switch (n) {
    case 0: return 5; case 1: return 17; case 2: return n * 3; case 3: return -1; case 4: return 99; case 5: return n + 1000;
    case 6: return 12; case 7: return 8; case 8: return 77; case 9: return n << 4; case 10: return 31; case 11: return 6;
    case 12: return 1; case 13: return 2; case 14: return 3; case 15: return 5; default: return -100;
    }
}
__attribute__((noinline)) static const char *name(int n) {
    switch (n) { case 0: return "zero"; case 1: return "one"; case 2: return "two"; case 3: return "three"; case 4: return "four"; case 5: return "five"; case 6: return "six"; }
    return "many";
}
__attribute__((noinline)) static int sparse(long n) {
    switch (n) { case -1000000: return 1; case 3: return 2; case 70000: return 3; case 0x123456789: return 4; case 5 ... 900: return 5; default: return 6; }
}
__attribute__((noinline)) static int side_effects(int n) {
    static int calls[8];
    switch (n & 7) {
    case 0: calls[0]++; /* fallthrough */
    case 1: calls[1] += 2; break;
    case 2: calls[2] = dense(n); break;
    case 3: calls[3] += sparse(n); /* fallthrough */
    case 4: calls[4]--; break;
    case 5: calls[5] ^= n; break;
    case 6: calls[6] += calls[0]; break;
    default: calls[7]++;
    }
    int sum = 0;
    for (int i = 0; i < 8; i++)
        sum = sum * 3 + calls[i];
    return sum;
}
__attribute__((noinline)) static void duff(char *to, const char *from, int count) {
    int rounds = (count + 7) / 8;
    switch (count % 8) {
    case 0: do { *to++ = *from++; /* fallthrough */
    case 7: *to++ = *from++; /* fallthrough */
    case 6: *to++ = *from++; /* fallthrough */
    case 5: *to++ = *from++; /* fallthrough */
    case 4: *to++ = *from++; /* fallthrough */
    case 3: *to++ = *from++; /* fallthrough */
    case 2: *to++ = *from++; /* fallthrough */
    case 1: *to++ = *from++;
    } while (--rounds > 0);
    }
}
static int ackermann(int m, int n) { return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }
static int is_odd(unsigned n);
static int is_even(unsigned n) { return n == 0 ? 1 : is_odd(n - 1); }
static int is_odd(unsigned n) { return n == 0 ? 0 : is_even(n - 1); }
__attribute__((noinline)) static long fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
__attribute__((noinline)) static int deep(int n, int *trail) { int here = n; trail[n] = n; int r = n ? deep(n - 1, trail) : 0; return r + here + trail[here]; }
__attribute__((noinline)) static long twenty(long a, int b, short c, char d, long e, long f, long g, int h, short i, char j, long k, long l, double m, float n, long o, long p, long q, long r, long s, long t) {
    return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + k * 11 + l * 12 + (long)(m * 13) + (long)(n * 14) + o * 15 + p * 16 + q * 17 + r * 18 + s * 19 + t * 20;
}
static int moves;
static void hanoi(int n, int from, int to, int via) { if (!n) return; hanoi(n - 1, from, via, to); moves += from * 3 + to; hanoi(n - 1, via, to, from); }

int main(void) {
    for (int i = -1; i < 17; i++)
        say("%d %s", dense(HIDE(i)), name(HIDE(i)));
    static const long keys[] = {-1000000, 3, 70000, 0x123456789, 5, 900, 901, 0};
    for (int i = 0; i < 8; i++)
        say("%d", sparse(HIDE(keys[i])));
    for (int i = 0; i < 20; i++)
        say("%d", side_effects(HIDE(i * 5)));
    char to[64] = {0};
    duff(to, "the life of a block request, from guest to disk", HIDE(37));
    say("%s", to);
    say("%d %d %d %ld", ackermann(2, 9), is_even(HIDE(1001u)), is_odd(HIDE(7u)), fibonacci(20));
    int trail[401];
    say("%d", deep(HIDE(400), trail));
    say("%ld", twenty(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13.5, 14.5f, 15, 16, 17, 18, 19, HIDE(20L)));
    hanoi(10, 1, 3, 2);
    say("%d", moves);
    int i = 0, k = 0;
outer:
    for (k = 0; k < 5; k++) {
        if (++i > 12)
            goto out;
        if (k == 3)
            goto outer;
    }
out:
    say("%d %d", i, k);
    return 0;
}
