// SPDX-License-Identifier: MIT
//
// Function pointers: tables, callbacks, results, structures through them, recursion, tail calls, sorting.
#include <stdlib.h>

#include "say.h"

typedef int (*binary)(int, int);
typedef double (*real)(double);
struct big { long w[6]; };
struct object;
struct methods { int (*get)(struct object *); void (*set)(struct object *, int); struct big (*big)(struct object *, struct big); };
struct object { const struct methods *methods; int value; };

static int add(int a, int b) { return a + b; }
static int sub(int a, int b) { return a - b; }
static int mul(int a, int b) { return a * b; }
static const binary table[] = {add, sub, mul};
static binary choose(char c) { return c == '+' ? add : c == '-' ? sub : c == '*' ? mul : NULL; }
static double half(double x) { return x / 2; }
static double square(double x) { return x * x; }
static real compose_list[] = {half, square, half, NULL};

static int get(struct object *o) { return o->value; }
static void set(struct object *o, int v) { o->value = v; }
static struct big fold(struct object *o, struct big b) { for (int i = 0; i < 6; i++) b.w[i] += o->value * i; return b; }
static int get_odd(struct object *o) { return o->value | 1; }
static const struct methods plain = {get, set, fold}, odd = {get_odd, set, fold};

__attribute__((noinline)) static int apply(binary f, int a, int b) { return f(a, b); } // a tail call
static long steps(long (*self)(void *, long), long n) { return n <= 1 ? n : self((void *)self, n - 1) + n; }
static long sum_to(void *self, long n) { return n ? ((long (*)(void *, long))self)(self, n - 1) + n : 0; }
static int compare(const void *a, const void *b) { return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b); }
static int compare_down(const void *a, const void *b) { return compare(b, a); }
static void each(const int *list, int count, void (*f)(int, void *), void *context) { for (int i = 0; i < count; i++) f(list[i], context); }
static void gather(int v, void *context) { *(long *)context = *(long *)context * 3 + v; }
typedef void state_function(void *);
struct machine { void (*state)(struct machine *); int count; };
static void stop(struct machine *m) { m->state = NULL; }
static void ping(struct machine *m);
static void pong(struct machine *m) { m->count += 10; m->state = m->count > 50 ? stop : ping; }
static void ping(struct machine *m) { m->count++; m->state = pong; }
static long nine(long a, long b, long c, long d, long e, long f, long g, long h, long i) { return a - b + c - d + e - f + g * h - i; }

int main(void) {
    for (int i = 0; i < 3; i++)
        say("%d %d", table[HIDE(i)](7, 5), apply(choose("+-*"[i]), 9, 4));
    double x = 3;
    for (real *f = compose_list; *f; f++)
        x = (*f)(x);
    say("%016llx %d", bits_of_double(x), choose('?') == NULL);
    struct object o = {&plain, 20}, p = {&odd, 30};
    o.methods->set(&o, 22), p.methods->set(&p, 44);
    struct big b = p.methods->big(&p, (struct big){{1, 2, 3, 4, 5, 6}});
    say("%d %d %ld %ld", o.methods->get(&o), p.methods->get(&p), b.w[1], b.w[5]);
    say("%ld %ld", sum_to((void *)sum_to, 100), steps(sum_to, 5));
    int list[40];
    unsigned seed = 12345;
    for (int i = 0; i < 40; i++)
        list[i] = (int)((seed = seed * 1103515245u + 12345u) >> 16) % 1000;
    qsort(list, 40, sizeof(*list), compare);
    int key = list[13];
    int *found = bsearch(&key, list, 40, sizeof(*list), compare);
    say("%d %d %d %d", list[0], list[20], list[39], found && *found == key);
    qsort(list, 40, sizeof(*list), HIDE(1) ? compare_down : compare);
    long context = 0;
    each(list, 40, gather, &context);
    say("%d %ld", list[0], context);
    struct machine m = {ping, 0};
    while (m.state)
        m.state(&m);
    say("%d", m.count);
    long (*volatile f)(long, long, long, long, long, long, long, long, long) = nine;
    say("%ld", f(1, 2, 3, 4, 5, 6, 7, 8, 9));
    int (*same)(int, int) = add;
    say("%d %d", same == table[0], same == table[1]);
    return 0;
}
