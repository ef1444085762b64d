// SPDX-License-Identifier: MIT
//
// Floating point: float, double, long double, conversions both ways, comparisons with NaN, complex numbers, vectors of SSE2.
#include <complex.h>
#include <emmintrin.h>
#include <float.h>
#include <math.h>

#include "say.h"

__attribute__((noinline)) static double polynomial(double x, const double *c, int n) { double r = 0; while (n--) r = r * x + c[n]; return r; }
__attribute__((noinline)) static float mean(const float *v, int n) { float s = 0; for (int i = 0; i < n; i++) s += v[i]; return s / (float)n; }
__attribute__((noinline)) static long double exact(long double a, long double b) { return a * b + a / b - b; }
__attribute__((noinline)) static double nine(double a, double b, double c, double d, double e, double f, double g, double h, double i, double j) { return a - b + c - d + e - f + g - h + i * j; }
__attribute__((noinline)) static double complex turn(double complex z, double complex w) { return z * w + conj(z); }

static void conversions(void) {
    static const double values[] = {0.0, -0.0, 1.5, -1.5, 1e10, -1e10, 4294967295.0, 9.2e18, 0.499999999};
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
        double v = HIDE(values[i]);
        say("%lld %d %08x %016llx", (long long)v, (int)(short)(long long)v, bits_of_float((float)v), bits_of_double((double)(float)v));
    }
    say("%llu %llu", (unsigned long long)HIDE(1.8e19), (unsigned long long)HIDE(1e3));
    say("%016llx %016llx", bits_of_double((double)HIDE(0xfffffffffffffc00ull)), bits_of_double((double)HIDE(-5ll)));
    say("%08x %08x", bits_of_float((float)HIDE(16777217)), bits_of_float((float)HIDE(0xffffffffu)));
}

static void comparisons(void) {
    double nan = HIDE(NAN), one = HIDE(1.0), inf = HIDE(INFINITY);
    say("%d%d%d%d%d%d", nan == nan, nan != nan, nan < one, nan > one, !(nan <= one), isnan(nan) != 0);
    say("%d%d%d%d", one < inf, inf == inf, -inf < one, isinf(inf) != 0);
    say("%016llx %016llx", bits_of_double(fmin(one, inf)), bits_of_double(fmax(-one, 0.25)));
    say("%d %d", signbit(HIDE(-0.0)) != 0, HIDE(-0.0) == 0.0);
}

static void vectors(void) {
    __m128i a = _mm_set_epi32(HIDE(1), 2, 3, 4), b = _mm_set1_epi32(HIDE(10));
    __m128d d = _mm_sqrt_pd(_mm_set_pd(HIDE(2.0), HIDE(16.0)));
    int out[4];
    double doubles[2];
    _mm_storeu_si128((__m128i *)out, _mm_add_epi32(_mm_shuffle_epi32(a, 0x1b), b));
    _mm_storeu_pd(doubles, d);
    say("%d %d %d %d %016llx %016llx", out[0], out[1], out[2], out[3], bits_of_double(doubles[0]), bits_of_double(doubles[1]));
    typedef int four __attribute__((vector_size(16)));
    four v = {1, HIDE(2), 3, 4}, w = v * v - (v << 1);
    say("%d %d %d %d", w[0], w[1], w[2], w[3]);
    _mm_storeu_si128((__m128i *)out, _mm_cmpgt_epi16(_mm_set1_epi16((short)HIDE(3)), _mm_set_epi16(1, 2, 3, 4, 5, 6, 7, 8)));
    say("%08x %d", sum_of(out, 16), _mm_movemask_epi8(_mm_loadu_si128((__m128i *)out)));
}

int main(void) {
    static const double c[] = {1, -2, 0.5, 3, -0.25};
    float f[9];
    for (int i = 0; i < 9; i++)
        f[i] = (float)i * 1.1f;
    say("%016llx %08x", bits_of_double(polynomial(HIDE(1.7), c, 5)), bits_of_float(mean(f, 9)));
    long double l = exact(HIDE(3.7L), HIDE(0.3L));
    say("%016llx %d %d", bits_of_long_double(l), l > 12.0L, (int)(l * 1000));
    say("%016llx %lld", bits_of_double((double)(l * l)), (long long)(l * 1e6L));
    say("%016llx", bits_of_double(nine(1, 2, 3, 4, 5, 6, 7, 8, HIDE(9.5), HIDE(10.5))));
    double complex z = turn(HIDE(1.5) + 2.0 * I, 0.5 - HIDE(1.0) * I);
    say("%016llx %016llx", bits_of_double(creal(z)), bits_of_double(cimag(z)));
    say("%016llx %016llx %016llx", bits_of_double(sqrt(HIDE(2.0))), bits_of_double(floor(HIDE(-2.5))), bits_of_double(fabs(HIDE(-7.25))));
    say("%016llx %016llx", bits_of_double(ldexp(HIDE(0.75), 10)), bits_of_double(fmod(HIDE(10.5), 3.25)));
    conversions();
    comparisons();
    vectors();
    return 0;
}
