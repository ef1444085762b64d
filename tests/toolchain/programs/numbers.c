// SPDX-License-Identifier: MIT
//
// Integers of all widths, 128-bit ones, overflow, bit fields, unions, packed structures.
#include <limits.h>

#include "say.h"

struct fields { unsigned a : 3; int b : 5; unsigned long long c : 40; _Bool d : 1; unsigned : 0; short e : 9; };
struct __attribute__((packed)) packed { char c; int i; double d; short s; long l; };
union view { double d; unsigned long long u; unsigned char b[8]; struct { unsigned low, high; } halves; };
struct flexible { int count; int items[]; };

static unsigned long long high(unsigned __int128 v) { return (unsigned long long)(v >> 64); }
static unsigned long long low(unsigned __int128 v) { return (unsigned long long)v; }
__attribute__((noinline)) static __int128 divide(__int128 a, __int128 b) { return a / b; }
__attribute__((noinline)) static unsigned __int128 shift(unsigned __int128 v, int n) { return (v << n) | (v >> (128 - n)); }
__attribute__((noinline)) static long long division(long long a, long long b) { return a / b * 1000 + a % b; }
__attribute__((noinline)) static int narrow(signed char a, unsigned short b, short c, unsigned char d) { return a * b + c * d; }

static void wide(void) {
    unsigned __int128 a = ((unsigned __int128)HIDE(0x123456789abcdef0ull) << 64) | 0xfedcba9876543210ull, b = a * 7 + 3;
    say("%llx %llx %llx %llx", high(a), low(a), high(b), low(b));
    b = shift(a, HIDE(37));
    say("%llx %llx", high(b), low(b));
    __int128 q = divide((__int128)a, -HIDE(1000003));
    say("%llx %llx", high((unsigned __int128)q), low((unsigned __int128)q));
    say("%llx %llx", high(a % 1000000007u), low(a % 1000000007u));
    say("%d %d", a > b, (__int128)a < (__int128)b);
    say("%016llx", bits_of_double((double)a));
}

static void fields(void) {
    struct fields f = {0};
    f.a = 13u, f.b = HIDE(-9), f.c = HIDE(0xffeeddccbbull), f.d = 5, f.e = HIDE(-200);
    say("%u %d %llx %d %d", f.a, f.b, (unsigned long long)f.c, f.d, f.e);
    f.c += 0x11, f.b--, f.a += 6;
    say("%u %d %llx", f.a, f.b, (unsigned long long)f.c);
    struct packed p = {1, HIDE(2), 3.5, 4, HIDE(5L)};
    p.i += p.s, p.l <<= 33;
    say("%d %d %016llx %ld %08x", (int)sizeof(p), p.i, bits_of_double(p.d), p.l, sum_of(&p, sizeof(p)));
    union view v = {.d = HIDE(-1.5)};
    say("%llx %x %x %d", v.u, v.halves.low, v.halves.high, v.b[7]);
    union { struct flexible f; char room[40]; } room = {{HIDE(5)}};
    for (int i = 0; i < room.f.count; i++)
        room.f.items[i] = i * i;
    say("%d", room.f.items[4] + room.f.items[3]);
}

static void overflow(void) {
    int i;
    long long l;
    unsigned u;
    say("%d %d", __builtin_add_overflow(HIDE(INT_MAX), 1, &i), i);
    say("%d %llx", __builtin_mul_overflow(HIDE(0x4000000000000000ll), 3, &l), l);
    say("%d %u", __builtin_sub_overflow(HIDE(3u), 5u, &u), u);
    say("%lld %lld %lld", division(HIDE(-7), 2), division(HIDE(7), -2), division(HIDE(LLONG_MIN + 1), 10));
    say("%d", narrow((signed char)HIDE(-128), (unsigned short)HIDE(65535), (short)HIDE(-32768), (unsigned char)HIDE(255)));
}

int main(void) {
    wide();
    fields();
    overflow();
    unsigned long long x = HIDE(0x00f0123456789abcull);
    unsigned long long words[3] = {HIDE(1ull), HIDE(1ull << 40), HIDE(96ull)};
    say("%d %d", __builtin_ctzll(words[HIDE(1)]), __builtin_ctzll(words[HIDE(2)])); // of memory
    say("%d %d %d %d", __builtin_popcountll(x), __builtin_clzll(x), __builtin_ctzll(x), __builtin_parityll(x));
    say("%llx %x %x", __builtin_bswap64(x), __builtin_bswap32((unsigned)x), __builtin_bswap16((unsigned short)x));
    for (int i = 0; i < 70; i += 13)
        say("%llx %llx %lld", x << (i & 63), x >> (i & 63), (long long)(x << 8) >> (i & 63));
    unsigned char c = (unsigned char)HIDE(200);
    c += 100, c ^= 0x55, c = (unsigned char)((c << 3) | (c >> 5));
    say("%d %d", c, (signed char)c);
    unsigned hash = 5381;
    for (const char *s = "the quick brown fox"; *s; s++)
        hash = hash * 33 ^ (unsigned char)*s;
    say("%u", hash);
    return 0;
}
