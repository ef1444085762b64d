// SPDX-License-Identifier: MIT
//
// What the compiler calls for C that has no instruction: division of 128-bit integers, their conversions to and from floating point,
// complex multiplication and division (C11 annex G). The names are the compilers' own.
#include <stdint.h>

typedef unsigned __int128 u128;
typedef __int128 i128;

#define TWO_64 18446744073709551616.0

static uint64_t high(u128 v) {
    return (uint64_t)(v >> 64);
}

static int leading_zeros(u128 v) {
    return high(v) ? __builtin_clzll(high(v)) : 64 + ((uint64_t)v ? __builtin_clzll((uint64_t)v) : 64);
}

// Long division by bits, from the first that can matter. Division by zero gives what the hardware does: a fault.
static u128 divide(u128 n, u128 d, u128 *remainder) {
    if (!high(n) && !high(d)) {
        *remainder = (uint64_t)n % (uint64_t)d;
        return (uint64_t)n / (uint64_t)d;
    }
    if (!d)
        __builtin_trap();
    u128 quotient = 0;
    for (int shift = leading_zeros(d) - leading_zeros(n); shift >= 0; shift--) {
        u128 part = d << shift;
        if (n < part)
            continue;
        n -= part;
        quotient |= (u128)1 << shift;
    }
    *remainder = n;
    return quotient;
}

static u128 magnitude(i128 v) {
    return v < 0 ? -(u128)v : (u128)v;
}

u128 __udivti3(u128 n, u128 d) {
    u128 remainder;
    return divide(n, d, &remainder);
}

u128 __umodti3(u128 n, u128 d) {
    u128 remainder;
    divide(n, d, &remainder);
    return remainder;
}

u128 __udivmodti4(u128 n, u128 d, u128 *remainder) {
    u128 r, quotient = divide(n, d, &r);
    if (remainder)
        *remainder = r;
    return quotient;
}

i128 __divti3(i128 n, i128 d) {
    u128 quotient = __udivti3(magnitude(n), magnitude(d));
    return (i128)((n < 0) != (d < 0) ? -quotient : quotient);
}

i128 __modti3(i128 n, i128 d) {
    u128 remainder = __umodti3(magnitude(n), magnitude(d));
    return (i128)(n < 0 ? -remainder : remainder);
}

i128 __muloti4(i128 a, i128 b, int *overflow) {
    u128 x = magnitude(a), y = magnitude(b), limit = ((u128)1 << 127) - ((a < 0) == (b < 0));
    u128 product = x * y;
    *overflow = y && x > limit / y;
    return (i128)((a < 0) != (b < 0) ? -product : product);
}

// The upper 64 significant bits; what is cut off is kept as a last bit that is never exact, so that one rounding follows.
static uint64_t significant(u128 v, int *shift) {
    *shift = leading_zeros(v);
    v <<= *shift;
    return high(v) | ((uint64_t)v != 0);
}

static double power_of_two(int exponent) {
    union { uint64_t bits; double value; } u = {(uint64_t)(1023 + exponent) << 52};
    return u.value;
}

double __floatuntidf(u128 v) {
    int shift;
    if (!high(v))
        return (double)(uint64_t)v;
    uint64_t top = significant(v, &shift);
    return (double)top * power_of_two(64 - shift);
}

float __floatuntisf(u128 v) {
    int shift;
    if (!high(v))
        return (float)(uint64_t)v;
    uint64_t top = significant(v, &shift);
    return (float)top * (float)power_of_two(64 - shift);
}

long double __floatuntixf(u128 v) {
    return (long double)high(v) * (long double)TWO_64 + (long double)(uint64_t)v;
}

double __floattidf(i128 v) {
    return v < 0 ? -__floatuntidf(magnitude(v)) : __floatuntidf((u128)v);
}

float __floattisf(i128 v) {
    return v < 0 ? -__floatuntisf(magnitude(v)) : __floatuntisf((u128)v);
}

long double __floattixf(i128 v) {
    return v < 0 ? -__floatuntixf(magnitude(v)) : __floatuntixf((u128)v);
}

u128 __fixunsxfti(long double v) {
    if (!(v >= 1))
        return 0;
    if (v >= (long double)TWO_64 * (long double)TWO_64)
        return ~(u128)0;
    uint64_t top = (uint64_t)(v / (long double)TWO_64);
    return ((u128)top << 64) | (uint64_t)(v - (long double)top * (long double)TWO_64);
}

i128 __fixxfti(long double v) {
    const u128 limit = (u128)1 << 127;
    u128 size = __fixunsxfti(v < 0 ? -v : v);
    if (v < 0)
        return (i128)(size > limit ? limit : -size);
    return (i128)(size >= limit ? limit - 1 : size);
}

u128 __fixunsdfti(double v) { return __fixunsxfti((long double)v); }
u128 __fixunssfti(float v) { return __fixunsxfti((long double)v); }
i128 __fixdfti(double v) { return __fixxfti((long double)v); }
i128 __fixsfti(float v) { return __fixxfti((long double)v); }

// Infinities that a plain product loses as NaN are found again: an infinite part becomes 1 with its sign, a NaN beside it 0.
#define COMPLEX(type, suffix, is_nan, is_inf, copysign, infinity)                                                                  \
    static type unit_##suffix(type v) {                                                                                            \
        return copysign(is_inf(v) ? 1 : 0, v);                                                                                     \
    }                                                                                                                              \
    static type no_nan_##suffix(type v) {                                                                                          \
        return is_nan(v) ? copysign(0, v) : v;                                                                                     \
    }                                                                                                                              \
    type _Complex __mul##suffix(type a, type b, type c, type d) {                                                                  \
        type ac = a * c, bd = b * d, ad = a * d, bc = b * c;                                                                       \
        type _Complex z;                                                                                                           \
        __real__ z = ac - bd, __imag__ z = ad + bc;                                                                                \
        if (!is_nan(__real__ z) || !is_nan(__imag__ z))                                                                            \
            return z;                                                                                                              \
        int again = 0;                                                                                                             \
        if (is_inf(a) || is_inf(b))                                                                                                \
            a = unit_##suffix(a), b = unit_##suffix(b), c = no_nan_##suffix(c), d = no_nan_##suffix(d), again = 1;                 \
        if (is_inf(c) || is_inf(d))                                                                                                \
            c = unit_##suffix(c), d = unit_##suffix(d), a = no_nan_##suffix(a), b = no_nan_##suffix(b), again = 1;                 \
        if (!again && (is_inf(ac) || is_inf(bd) || is_inf(ad) || is_inf(bc)))                                                      \
            a = no_nan_##suffix(a), b = no_nan_##suffix(b), c = no_nan_##suffix(c), d = no_nan_##suffix(d), again = 1;             \
        if (again)                                                                                                                 \
            __real__ z = infinity * (a * c - b * d), __imag__ z = infinity * (a * d + b * c);                                      \
        return z;                                                                                                                  \
    }                                                                                                                              \
    type _Complex __div##suffix(type a, type b, type c, type d) {                                                                  \
        type x = c < 0 ? -c : c, y = d < 0 ? -d : d;                                                                               \
        type _Complex z;                                                                                                           \
        if (x >= y) { /* by the bigger part, so that squares do not overflow */                                                    \
            type ratio = d / c, size = c + d * ratio;                                                                              \
            __real__ z = (a + b * ratio) / size, __imag__ z = (b - a * ratio) / size;                                              \
        } else {                                                                                                                   \
            type ratio = c / d, size = c * ratio + d;                                                                              \
            __real__ z = (a * ratio + b) / size, __imag__ z = (b * ratio - a) / size;                                              \
        }                                                                                                                          \
        if (!is_nan(__real__ z) || !is_nan(__imag__ z))                                                                            \
            return z;                                                                                                              \
        if (c == 0 && d == 0 && (!is_nan(a) || !is_nan(b)))                                                                        \
            __real__ z = copysign(infinity, c) * a, __imag__ z = copysign(infinity, c) * b;                                        \
        else if ((is_inf(a) || is_inf(b)) && !is_inf(c) && !is_nan(c) && !is_inf(d) && !is_nan(d))                                 \
            a = unit_##suffix(a), b = unit_##suffix(b), __real__ z = infinity * (a * c + b * d), __imag__ z = infinity * (b * c - a * d); \
        else if ((is_inf(c) || is_inf(d)) && !is_inf(a) && !is_nan(a) && !is_inf(b) && !is_nan(b))                                 \
            c = unit_##suffix(c), d = unit_##suffix(d), __real__ z = 0 * (a * c + b * d), __imag__ z = 0 * (b * c - a * d);        \
        return z;                                                                                                                  \
    }
COMPLEX(float, sc3, __builtin_isnan, __builtin_isinf, __builtin_copysignf, __builtin_inff())
COMPLEX(double, dc3, __builtin_isnan, __builtin_isinf, __builtin_copysign, __builtin_inf())
COMPLEX(long double, xc3, __builtin_isnan, __builtin_isinf, __builtin_copysignl, __builtin_infl())
