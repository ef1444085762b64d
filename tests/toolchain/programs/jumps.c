// SPDX-License-Identifier: MIT
//
// setjmp and longjmp: out of deep recursion, in loops, from within a call with many arguments, nested, through function pointers and through
// frames with objects of run-time size; variables that live in memory, in registers and on the control stack.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "say.h"

static jmp_buf outer, inner;
static volatile int steps;

__attribute__((noinline)) static int dive(int depth, int value) {
    volatile char room[200];
    room[depth % 200] = (char)depth;
    steps++;
    if (!depth)
        longjmp(outer, value);
    return dive(depth - 1, value) + room[depth % 200];
}

__attribute__((noinline)) static long many(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j) {
    if (a + j == 11)
        longjmp(inner, (int)(b * c + d * e + f * g + h * i));
    return a;
}

__attribute__((noinline)) static int same_frame(int times) {
    volatile int count = 0;
    int code = setjmp(inner);
    if (code)
        count = count + code;
    if (count < times)
        longjmp(inner, 1);
    return count;
}

__attribute__((noinline)) static int sized(int size) {
    volatile int result = 0;
    for (int n = 1; n <= size; n++) {
        char text[n * 16];
        snprintf(text, sizeof(text), "%d of %d", n, size);
        if (setjmp(inner) == 0) {
            char more[n * 8];
            more[n] = text[0];
            many(1, n, 2, 3, 4, 5, 6, 7, more[n] ? 8 : 9, 10);
        } else {
            result = result * 31 + text[0] + n;
        }
    }
    return result;
}

static int compare(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    if (x == 7 && ++steps > 100)
        longjmp(outer, x + y);
    return x < y ? -1 : x > y;
}

static void nested(void) {
    volatile int stage = 0;
    int code = setjmp(outer);
    if (code == 0) {
        stage = 1;
        if (setjmp(inner) == 0)
            many(1, 1, 1, 1, 1, 1, 1, 1, 1, 10);
        stage = stage + 10;
        longjmp(outer, 5);
    }
    say("nested: stage %d, code %d", stage, code);
}

static double sums(double a, double b) {
    double c = a * b, d = a / b, e = a - b;
    int code = setjmp(outer);
    if (code < 3)
        dive(code * 10, code + 1);
    return c + d + e + code;
}

static void through_pointer(void) {
    static void (*volatile jump)(jmp_buf, int) = longjmp;
    int code = setjmp(inner);
    if (!code)
        jump(inner, 0);
    say("longjmp with 0 by pointer: %d", code);
    if (code == 1)
        jump(inner, -7);
}

int main(void) {
    int table[50];
    volatile int rounds = 0;
    int code = setjmp(outer);
    if (code == 0)
        dive(40, 17);
    say("out of recursion: %d after %d steps", code, steps);
    say("in one frame: %d", same_frame(12));
    say("objects of run-time size: %d", sized(20));
    for (int i = 0; i < 50; i++)
        table[i] = i * 37 % 11;
    steps = 90;
    code = setjmp(outer);
    if (code == 0)
        qsort(table, 50, sizeof(*table), compare);
    say("out of qsort: %s", code >= 7 ? "yes" : "no");
    nested();
    say("floating point: %016llx", bits_of_double(sums(HIDE(3.25), HIDE(0.5))));
    through_pointer();
    while ((code = sigsetjmp(inner, 1)) < 1000) {
        rounds = rounds + 1;
        siglongjmp(inner, code + 250);
    }
    say("a loop of jumps: %d rounds", rounds);
    return 0;
}
