// SPDX-License-Identifier: MIT
//
// Data and the C library over it: copies of all sizes, heap, strings, relocated tables, large zeroed data, C11's declarations.
#include <ctype.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "say.h"

static const char *const words[] = {"alpha", "beta", "gamma", "delta"};
static const struct entry { const char *const *word; const char *text; int (*test)(int); } entries[] = {{&words[2], "third", isdigit}, {&words[0], "first", isupper}};
static unsigned char zeroed[300000];
static unsigned char source[4200], target[4200];
static alignas(256) int aligned_data = 7;
_Static_assert(alignof(aligned_data) >= 4, "alignment");

struct tree { struct tree *left, *right; int key; };
static struct tree *insert(struct tree *t, int key) {
    if (!t) {
        t = calloc(1, sizeof(*t));
        if (t)
            t->key = key;
    } else if (key < t->key) {
        t->left = insert(t->left, key);
    } else {
        t->right = insert(t->right, key);
    }
    return t;
}
static long walk(const struct tree *t, long sum) { return t ? walk(t->right, walk(t->left, sum) * 3 + t->key) : sum; }
static void forget(struct tree *t) { if (t) forget(t->left), forget(t->right), free(t); }

static void copies(void) {
    for (unsigned i = 0; i < sizeof(source); i++)
        source[i] = (unsigned char)(i * 13 + (i >> 8));
    unsigned sum = 0;
    static const int sizes[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 255, 256, 1000, 4095, 4096};
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        memset(target, (int)i, sizeof(target));
        memcpy(target + 3, source + 1, (size_t)HIDE(sizes[i]));
        memmove(target + 10, target + 5, (size_t)sizes[i]);
        memmove(target + 2, target + 9, (size_t)sizes[i]);
        sum = sum * 31 + sum_of(target, sizeof(target));
        sum += (unsigned)(memcmp(target, source, (size_t)sizes[i]) > 0);
    }
    say("%08x", sum);
    struct { char text[300]; } a = {"a structure by assignment"}, b;
    b = a;
    say("%s %d", b.text, memcmp(&a, &b, sizeof(a)));
}

int main(void) {
    copies();
    say("%s %s %d %d", *entries[HIDE(0)].word, entries[HIDE(1)].text, entries[0].test('7') != 0, entries[1].test('x') != 0);
    say("%d %d", zeroed[HIDE(299999)], (int)((uintptr_t)&aligned_data % 256) + aligned_data);
    zeroed[123456] = 9;
    say("%08x", sum_of(zeroed, sizeof(zeroed)));
    struct tree *t = NULL;
    for (int i = 0; i < 200; i++)
        t = insert(t, i * 7919 % 211);
    say("%ld", walk(t, 0));
    forget(t);
    char *text = malloc(10), *joined = NULL;
    for (int i = 1; i < 2000 && text; i++)
        if ((joined = realloc(text, (size_t)(10 + i))))
            text = joined, text[9 + i] = (char)i;
    say("%d", text ? text[HIDE(500)] : -1);
    free(text);
    char line[100];
    snprintf(line, sizeof(line), "%s-%05d-%x-%+.2e", "name", 42, 255, 12345.678);
    char *end, *save = NULL;
    say("%s %ld %s", line, strtol("0x7fz", &end, 16), end);
    for (char *part = strtok_r(line, "-", &save); part; part = strtok_r(NULL, "-", &save))
        say("[%s] %zu", part, strlen(part));
    say("%s %d %d", strstr("find the needle here", "needle"), strcmp("abc", "abd") < 0, strncmp("abcdef", "abcxyz", 3));
    say("%d", _Generic(1.0f, float: 1, double: 2, default: 3) + _Generic((char)1, int: 10, char: 20));
    say("%d", ((struct { int a, b[3]; }){.b = {[2] = 5}, .a = 1}).b[2] + (int[]){1, 2, 3}[HIDE(1)]);
    return 0;
}
