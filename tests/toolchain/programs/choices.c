// SPDX-License-Identifier: MIT
//
// Arguments that came on the stack, of which one is chosen; functions that may not exist.
#include "say.h"

typedef float quad __attribute__((vector_size(16)));
struct pair { long a, b, c; };
#define CHOOSE(type, name)                                                                                      \
    __attribute__((noinline)) static type name(long a, long b, long c, long d, long e, long f, type one, type other, long k) { \
        return k > a + b + c + d + e + f - 18 ? one : other;                                                     \
    }
CHOOSE(_Bool, choose_bool)
CHOOSE(signed char, choose_char)
CHOOSE(unsigned short, choose_short)
CHOOSE(int, choose_int)
CHOOSE(long, choose_long)
CHOOSE(const char *, choose_pointer)
CHOOSE(__int128, choose_wide)
#define REALS(type) type a, type b, type c, type d, type e, type f, type g, type h
__attribute__((noinline)) static float choose_float(REALS(float), float one, float other, int k) { return k > 3 ? one : other; }
__attribute__((noinline)) static double choose_double(REALS(double), double one, double other, int k) { return k > 3 ? one : other; }
__attribute__((noinline)) static quad choose_quad(REALS(quad), quad one, quad other, int k) { return k > 3 ? one : other; }
__attribute__((noinline)) static double bigger(REALS(double), double one, double other) { return one > other ? one : other; }
__attribute__((noinline)) static long double choose_long_double(long double one, long double other, int k) { return k > 3 ? one : other; }
__attribute__((noinline)) static long choose_field(struct pair one, struct pair other, int k) { return k > 3 ? one.b : other.c; }
__attribute__((noinline)) static int narrow(long a, long b, long c, long d, long e, long f, long one, long other, long k) {
    return k > a + b + c + d + e + f ? (short)one : (signed char)other;
}
__attribute__((noinline)) static int from_memory(long a, long b, long c, long d, long e, long f, const int *one, int other, long k) {
    int loaded = *one;
    return k > a + b + c + d + e + f ? loaded : other;
}

static void choices(int k) {
    quad none = {0}, one = {1, 2, 3, 4}, other = {5, 6, 7, 8};
    struct pair p = {1, 2, 3}, q = {4, 5, 6};
    int seven = HIDE(7);
    say("%d %d %d %d %ld %s", choose_bool(1, 2, 3, 4, 5, 6, 1, 0, k), choose_char(1, 2, 3, 4, 5, 6, -7, 8, k), choose_short(1, 2, 3, 4, 5, 6, 65535, 9, k),
        choose_int(1, 2, 3, 4, 5, 6, -1, 1, k), choose_long(1, 2, 3, 4, 5, 6, 1l << 40, -(1l << 40), k), choose_pointer(1, 2, 3, 4, 5, 6, "one", "other", k));
    say("%llx", (unsigned long long)(choose_wide(1, 2, 3, 4, 5, 6, (__int128)0x1234 << 70, (__int128)0x4321 << 71, k) >> 64));
    say("%x %llx %x", bits_of_float(choose_float(0, 0, 0, 0, 0, 0, 0, 0, 1.5f, -2.5f, k)), bits_of_double(choose_double(0, 0, 0, 0, 0, 0, 0, 0, 3.5, -4.5, k)),
        bits_of_float(choose_quad(none, none, none, none, none, none, none, none, one, other, k)[2]));
    say("%llx %llx", bits_of_double(bigger(0, 0, 0, 0, 0, 0, 0, 0, k, 3.5)), bits_of_long_double(choose_long_double(1.25L, 2.25L, k)));
    say("%ld %d %d", choose_field(p, q, k), narrow(0, 0, 0, 0, 1, 2, 0x12345, 0x6789, k), from_memory(0, 0, 0, 0, 1, 2, &seven, 8, k));
}

// Nobody defines the first three.
struct wide { long a, b, c, d; };
extern __attribute__((weak)) int missing(int);
extern __attribute__((weak)) struct wide missing_wide(struct wide, int, ...);
extern __attribute__((weak)) void missing_quietly(void);
__attribute__((weak)) int present(int value) { return value * 3; }
static int guarded(int value) { return missing ? missing(value) : -value; }
static long guarded_wide(int value) { return missing_wide ? missing_wide((struct wide){1, 2, 3, 4}, value, value, 1.5).c : value + 1; }

int main(void) {
    choices(HIDE(2));
    choices(HIDE(5));
    if (missing_quietly)
        missing_quietly();
    say("%d %ld %d", guarded(HIDE(4)), guarded_wide(HIDE(5)), present(HIDE(6)));
    return 0;
}
