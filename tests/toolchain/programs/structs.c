// SPDX-License-Identifier: MIT
//
// Structures as arguments and results, of every size class of the ABI, in registers, on the stack, behind pointers.
#include "say.h"

#define SIZED(n)                                                                                   \
    struct s##n { unsigned char b[n]; };                                                           \
    __attribute__((noinline)) static struct s##n turn##n(struct s##n v, int by) {                  \
        struct s##n r;                                                                             \
        for (int i = 0; i < n; i++)                                                                \
            r.b[i] = (unsigned char)(v.b[(i + by) % n] + i);                                       \
        return r;                                                                                  \
    }                                                                                              \
    __attribute__((noinline)) static unsigned late##n(long a, long b, long c, long d, long e, struct s##n v, long f, struct s##n w) { \
        return sum_of(&v, n) ^ (sum_of(&w, n) * 3u) ^ (unsigned)(a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6); \
    }
#define TRY(n)                                                                                     \
    do {                                                                                           \
        struct s##n v;                                                                             \
        for (int i = 0; i < n; i++)                                                                \
            v.b[i] = (unsigned char)(i * 7 + n);                                                   \
        struct s##n (*volatile turn)(struct s##n, int) = turn##n;                                  \
        struct s##n w = turn(turn##n(v, 1), 3);                                                    \
        say("%d: %08x %08x %08x", n, sum_of(&w, n), sum_of(&v, n), late##n(1, 2, 3, 4, 5, v, 6, w)); \
    } while (0)
#define ALL(DO) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(11) DO(12) DO(13) DO(15) DO(16) DO(17) DO(20) DO(23) DO(24) \
    DO(25) DO(31) DO(32) DO(33) DO(40) DO(48) DO(63) DO(64) DO(65) DO(100) DO(127) DO(128) DO(129) DO(200)
#define TRY_LINE(n) TRY(n);
ALL(SIZED)

struct floats { float x, y, z; };
struct mix { int n; float f; double d; };
struct doubles { double a, b; };
struct three { double a, b, c; };
struct nested { struct { short s; char c; } in; struct doubles d; };
struct with_pointer { const char *name; int (*call)(int); };
union either { long n; double d; char text[12]; };
struct wide { long double v; int n; };

__attribute__((noinline)) static struct floats scale(struct floats v, float by) { return (struct floats){v.x * by, v.y * by, v.z * by}; }
__attribute__((noinline)) static struct mix mixing(struct mix a, struct mix b) { return (struct mix){a.n + b.n, a.f * b.f, a.d - b.d}; }
__attribute__((noinline)) static struct doubles swap(struct doubles v) { return (struct doubles){v.b, v.a}; }
__attribute__((noinline)) static struct three rotate(struct three v) { return (struct three){v.b, v.c, v.a}; }
__attribute__((noinline)) static struct nested change(struct nested v) { v.in.s++; v.d = swap(v.d); return v; }
__attribute__((noinline)) static union either toggle(union either v) { v.n ^= 0x5555; return v; }
__attribute__((noinline)) static struct wide widen(struct wide v, struct wide w) { return (struct wide){v.v + w.v, v.n * w.n}; }
static int twice(int n) { return 2 * n; }
__attribute__((noinline)) static int use(struct with_pointer w, int n) { return w.call(n) + w.name[0]; }
__attribute__((noinline)) static void mutate(struct s100 v) { for (int i = 0; i < 100; i++) v.b[i] = 0; say("inside %08x", sum_of(&v, 100)); }
__attribute__((noinline)) static struct s200 recursive(struct s200 v, int depth) {
    if (!depth)
        return v;
    v.b[depth]++;
    struct s200 r = recursive(v, depth - 1);
    r.b[0] = (unsigned char)(r.b[0] + v.b[depth]);
    return r;
}

int main(void) {
    ALL(TRY_LINE)
    struct floats f = scale((struct floats){1.5f, -2.0f, 3.25f}, 2.0f);
    say("%08x %08x %08x", bits_of_float(f.x), bits_of_float(f.y), bits_of_float(f.z));
    struct mix m = mixing((struct mix){1, 2.0f, 3.0}, (struct mix){10, 0.5f, 0.125});
    say("%d %08x %016llx", m.n, bits_of_float(m.f), bits_of_double(m.d));
    struct three t = rotate((struct three){1, 2, 3});
    say("%016llx %016llx %016llx", bits_of_double(t.a), bits_of_double(t.b), bits_of_double(t.c));
    struct nested n = change((struct nested){{5, 'c'}, {0.1, 0.2}});
    say("%d %c %016llx %016llx", n.in.s, n.in.c, bits_of_double(n.d.a), bits_of_double(n.d.b));
    say("%ld", toggle((union either){.n = 0x1234}).n);
    struct wide w = widen((struct wide){1.5L, 3}, (struct wide){2.25L, 4});
    say("%d %d", (int)(w.v * 100), w.n);
    say("%d", use((struct with_pointer){"name", twice}, 21));
    struct s100 hundred = {{1, 2, 3}};
    mutate(hundred);
    say("outside %08x", sum_of(&hundred, 100));
    struct s200 big = {{1}};
    big = recursive(big, 20);
    say("%08x", sum_of(&big, 200));
    struct s200 array[3] = {big, {{2}}, {{3}}};
    array[1] = array[0], array[2] = turn200(array[1], 5);
    say("%08x", sum_of(array, sizeof(array)));
    return 0;
}
