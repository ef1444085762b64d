// SPDX-License-Identifier: MIT
//
// Variadic functions from both sides: integers, doubles, structures, long double, more than fit registers, va_copy, forwarding,
// function pointers, and calls inside calls.
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "say.h"

struct small { int a; char b; };
struct pair { double x; long n; };
struct big { long words[5]; };
struct __attribute__((aligned(16))) aligned { long a, b; };

static long sum_ints(int count, ...) {
    va_list list;
    long sum = 0;
    va_start(list, count);
    for (int i = 0; i < count; i++)
        sum = sum * 3 + va_arg(list, int);
    va_end(list);
    return sum;
}

static double sum_doubles(int count, ...) {
    va_list list;
    double sum = 0;
    va_start(list, count);
    while (count-- > 0)
        sum = sum / 2 + va_arg(list, double);
    va_end(list);
    return sum;
}

static void walk(const char *format, va_list list) {
    for (; *format; format++)
        switch (*format) {
        case 'i': say("int %d", va_arg(list, int)); break;
        case 'u': say("unsigned %u", va_arg(list, unsigned)); break;
        case 'l': say("long long %lld", va_arg(list, long long)); break;
        case 'd': say("double %016llx", bits_of_double(va_arg(list, double))); break;
        case 'L': say("long double %d", (int)(va_arg(list, long double) * 1000)); break;
        case 's': say("string %s", va_arg(list, char *)); break;
        case 'S': { struct small v = va_arg(list, struct small); say("small %d %d", v.a, v.b); break; }
        case 'P': { struct pair v = va_arg(list, struct pair); say("pair %016llx %ld", bits_of_double(v.x), v.n); break; }
        case 'B': { struct big v = va_arg(list, struct big); say("big %ld %ld %ld", v.words[0], v.words[2], v.words[4]); break; }
        case 'A': { struct aligned v = va_arg(list, struct aligned); say("aligned %ld %ld", v.a, v.b); break; }
        case 'Q': { __int128 v = va_arg(list, __int128); say("int128 %llx %llx", (unsigned long long)(v >> 64), (unsigned long long)v); break; }
        default: say("?");
        }
}

static void mixed(const char *format, ...) {
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    walk(format, list);
    va_end(list);
    say("again");
    walk(format, again);
    va_end(again);
}

static int forward(char *to, size_t size, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int n = vsnprintf(to, size, format, list);
    va_end(list);
    return n;
}

static long nested(int depth, ...) {
    va_list list;
    va_start(list, depth);
    long a = va_arg(list, long), b = va_arg(list, long);
    va_end(list);
    return depth ? nested(depth - 1, b, nested(0, a, b + 1)) + a : a * 7 + b;
}

static long with_array(int n, ...) {
    va_list list;
    int values[HIDE(n)];
    va_start(list, n);
    for (int i = 0; i < n; i++)
        values[i] = va_arg(list, int);
    va_end(list);
    long sum = 0;
    for (int i = 0; i < n; i++)
        sum += sum_ints(3, values[i], i, values[n - 1 - i]);
    return sum;
}

static void many_fixed(long a, long b, long c, long d, long e, long f, long g, double x, double y, ...) {
    va_list list;
    va_start(list, y);
    say("fixed %ld %ld %016llx %016llx", a + b + c + d + e + f, g, bits_of_double(x), bits_of_double(y));
    say("after %d %016llx %d", va_arg(list, int), bits_of_double(va_arg(list, double)), va_arg(list, int));
    va_end(list);
}

// As much C has it, the end of a list of pointers is an int; behind a call that has left numbers on the data stack.
static int until_null(const char *text, ...) {
    va_list list;
    int count = 0;
    va_start(list, text);
    for (; text; text = va_arg(list, const char *))
        count++;
    va_end(list);
    return count;
}

static struct big make_big(int n, ...) {
    va_list list;
    struct big big = {0};
    va_start(list, n);
    for (int i = 0; i < n && i < 5; i++)
        big.words[i] = va_arg(list, long);
    va_end(list);
    return big;
}

int main(void) {
    long (*volatile ints)(int, ...) = sum_ints;
    double (*volatile doubles)(int, ...) = sum_doubles;
    char text[200];
    struct big big = {{1, 2, 3, 4, 5}};
    say("%ld %ld %ld", sum_ints(0), sum_ints(1, 5), sum_ints(12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, INT_MIN));
    say("%016llx", bits_of_double(sum_doubles(11, 1.0, 2.5, 3.0, -4.25, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.5)));
    say("%ld %016llx", ints(4, 9, 8, 7, 6), bits_of_double(doubles(2, 0.1, 0.2)));
    mixed("idLQsSPBAlu", -5, 2.75, (long double)3.125L, ((__int128)0x1234 << 64) | 0xfeed, "text", (struct small){7, 'x'},
          (struct pair){0.5, -9}, big, (struct aligned){11, 12}, LLONG_MIN, UINT_MAX);
    mixed("AiAlBd", (struct aligned){1, 2}, 3, (struct aligned){4, 5}, 6LL, big, 7.5);
    mixed("iSiAiLiQiB", 1, (struct small){2, 3}, 3, (struct aligned){4, 5}, 6, (long double)7, 8, (__int128)-1, 9, big);
    mixed("");
    int n = forward(text, sizeof(text), "%d %s %c %.3f %llx %p %5.1Lf|%-6d|%06d", 42, "abc", 'z', 3.14159, 0x123456789abcdefULL,
                    (void *)0x1234, (long double)2.5, 17, -17);
    say("%d <%s>", n, text);
    n = snprintf(text, sizeof(text), "%d%d%d%d%d%d%d%d%d%d%d%d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    say("%d <%s>", n, text);
    say("%ld %ld", nested(6, 1L, 2L), with_array(5, 10, 20, 30, 40, 50));
    many_fixed(1, 2, 3, 4, 5, 6, 7, 0.25, -0.5, 99, 1e100, -1);
    say("%016llx", bits_of_double(sum_doubles(12, -1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0, -9.0, -10.0, -11.0, -12.0)));
    say("%ld %d %d", sum_ints(7, -1, -2, -3, -4, -5, -6, -7), until_null("a", "b", 0), until_null("1", "2", "3", "4", "5", "6", "7", "8", 0));
    struct big made = make_big(5, 10L, 20L, 30L, 40L, 50L);
    say("%ld %ld", made.words[0], made.words[4]);
    int a, b;
    say("%d %d %d", sscanf("12 of 34", "%d of %d", &a, &b), a, b);
    return 0;
}
