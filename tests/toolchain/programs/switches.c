// SPDX-License-Identifier: MIT
//
// Dense switches, which become jumps through tables: in loops, where the table's address is fetched once; inside one another; several in a
// function; with values across them that live in callee-saved registers; with indices of all widths, at the edges of their range.
#include "say.h"

#define NEVER_INLINE __attribute__((noinline))

static unsigned trace;
NEVER_INLINE static unsigned note(unsigned what) { return trace = trace * 31 + what; }

// A small machine: one dispatch in a loop, the table's address outside it.
NEVER_INLINE static long machine(const unsigned char *code, long a) {
    long b = 1, c = 7;
    for (;;) {
        switch (*code++) {
        case 0: return a + b * 3 + c;
        case 1: a += b; break;
        case 2: b ^= a << 1; break;
        case 3: c = a - c; break;
        case 4: a = a * 5 + 1; break;
        case 5: if (a & 1) code++; break;
        case 6: b = c; c = a; break;
        case 7: a >>= 1; break;
        case 8: note((unsigned)a); break;
        case 9: c += *code++; break;
        case 10: a = -a; break;
        default: a ^= 0x55; break;
        }
    }
}

// One switch inside another, of two tables.
NEVER_INLINE static long outer_and_inner(int x, int y) {
    switch (x) {
    case 0: return y * 2;
    case 1:
        switch (y) {
        case 0: return note(1); case 1: return note(20) + 1; case 2: return note(3) * 3; case 3: return note(4) - 7; case 4: return note(5); case 5: return -6;
        default: return note(99);
        }
    case 2: return note((unsigned)y) + 1;
    case 3: note(3); /* fallthrough */
    case 4:
        switch (y + 3) {
        case 0: return 17; case 1: return note(40); case 2: return y - 1; case 3: return y << 4; case 4: return note(44) * 5; case 5: return 3; case 6: return note(9);
        }
        break;
    case 5: return x - y;
    case 6: return note(6) ^ 12u;
    }
    return -1;
}

// Two tables one behind the other, and values that live across both.
NEVER_INLINE static double two_tables(int i, int j, double scale, const int *values) {
    long kept[6] = {i, j, i + j, i - j, i * j, 9};
    double sum = scale;
    switch (i) {
    case -2: sum += note(1); break;
    case -1: sum *= 2; break;
    case 0: sum -= values[0]; break;
    case 1: kept[1] += note(2); break;
    case 2: kept[2] = values[1]; break;
    case 3: sum += kept[0] * note(5); break;
    case 4: kept[3] = 4; break;
    default: sum = -sum;
    }
    note((unsigned)kept[2]);
    switch (j) {
    case 10: return sum + kept[0];
    case 11: return sum * kept[1];
    case 12: return sum - kept[2] + note(7);
    case 13: kept[4] += note(8); break;
    case 14: kept[5] ^= 3; break;
    case 15: return kept[3];
    }
    return sum + kept[4] + kept[5] + values[2];
}

NEVER_INLINE static int of_byte(signed char c) {
    switch (c) { case -128: return note(1); case -127: return 2; case -126: return note(3); case -125: return 44; case -124: return note(5); case -123: return 66; default: return note(7); }
}
NEVER_INLINE static int of_long(unsigned long n) {
    switch (n) { case 0: return note(11); case 1: return 12; case 2: return note(13); case 3: return -14; case 4: return note(15); case 5: return 16; case 6: return note(17); default: return note(18); }
}
NEVER_INLINE static int masked(unsigned n) {
    switch (n & 7) { case 0: return note(1); case 1: return -2; case 2: return note(3); case 3: return 4; case 4: return note(5); case 5: return 60; case 6: return note(7); default: return 8; }
}
// No default: the compiler may believe that nothing else comes.
NEVER_INLINE static int complete(unsigned n) {
    switch (n) { case 0: return note(1); case 1: return -2; case 2: return note(30); case 3: return 4; case 4: return note(5) & 0xff; default: __builtin_unreachable(); }
}

static int grows(int n, ...);
NEVER_INLINE static int calls_itself(int n, int depth) {
    char local[16] = {(char)n};
    switch (depth ? n % 9 : 9) {
    case 0: return calls_itself(n + 1, depth - 1) + 1;
    case 1: return calls_itself(n * 3, depth - 1) - calls_itself(n / 2, depth - 1);
    case 2: local[3] = (char)depth; return calls_itself(n + 5, depth - 1) ^ local[0];
    case 3: return grows(n, depth);
    case 4: note((unsigned)n); return calls_itself(n - 3, depth - 1);
    case 5: return local[0] + (int)note(5);
    case 6: return calls_itself(n + local[0], depth - 1);
    case 7: return -calls_itself(n + 7, depth - 1);
    case 8: return (int)sum_of(local, sizeof(local)) >> 8;
    }
    return n;
}
static int grows(int n, ...) { return n > 100 ? n : calls_itself(n * 7 + 1, 2); }

int main(void) {
    static const unsigned char code[] = {1, 2, 4, 8, 3, 5, 7, 9, 200, 6, 10, 2, 11, 1, 4, 8, 5, 8, 3, 9, 13, 255, 8, 1, 0};
    static const int values[] = {3, -8, 100};
    for (long a = -3; a < 4; a++)
        say("machine %ld: %ld %u", a, machine(code, HIDE(a)), trace);
    for (int x = -1; x < 8; x++) {
        long sum = 0;
        for (int y = -4; y < 9; y++)
            sum = sum * 7 + outer_and_inner(HIDE(x), HIDE(y));
        say("nested %d: %ld %u", x, sum, trace);
    }
    for (int i = -4; i < 7; i++) {
        double sum = 0;
        for (int j = 8; j < 18; j++)
            sum += two_tables(HIDE(i), HIDE(j), 1.5, values);
        say("two tables %d: %llx %u", i, bits_of_double(sum), trace);
    }
    static const long edges[] = {-129, -128, -127, -124, -123, -122, -1, 0, 1, 3, 5, 6, 7, 8, 127, 128, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000001, 0x7fffffffffffffff};
    for (unsigned i = 0; i < sizeof(edges) / sizeof(*edges); i++)
        say("edge %ld: %d %d %d %u", edges[i], of_byte((signed char)HIDE(edges[i])), of_long((unsigned long)HIDE(edges[i])), masked((unsigned)HIDE(edges[i])), trace);
    for (unsigned i = 0; i < 5; i++)
        say("complete %u: %d", i, complete(HIDE(i)));
    for (int i = 0; i < 12; i++)
        say("deep %d: %d %u", i, calls_itself(HIDE(i), 6), trace);
    return 0;
}
