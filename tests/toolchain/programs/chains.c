// SPDX-License-Identifier: MIT
//
// Loops that follow pointers, in the shapes that the optimizer leaves: the toolchain gives such loops the slot's base in a register, and
// must keep every value that is alive around them.
#include "say.h"

#include <stdlib.h>

struct node {
    struct node *next;
    uint64_t value;
    struct node *other;
    char far[104];
    struct node *beyond; // too far for a bias
};

enum { NODES = 97 };
static struct node nodes[NODES];

static void link_up(void) {
    for (unsigned i = 0; i < NODES; i++) {
        nodes[i].value = i * 2654435761u % 1009;
        nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
        nodes[i].other = i >= 2 ? &nodes[i / 2] : NULL;
        nodes[i].beyond = &nodes[(i * 31 + 7) % NODES];
    }
}

__attribute__((noinline)) static uint64_t sum(const struct node *node) {
    uint64_t total = 0;
    for (; node; node = node->next)
        total += node->value;
    return total;
}
__attribute__((noinline)) static unsigned length(const struct node *node) {
    unsigned count = 0;
    while (node)
        count++, node = node->next;
    return count;
}
__attribute__((noinline)) static unsigned depth(const struct node *node) { // a displacement of 16
    unsigned count = 0;
    while (node)
        count++, node = node->other;
    return count;
}
__attribute__((noinline)) static uint64_t far(const struct node *node, unsigned steps) {
    while (steps--)
        node = node->beyond;
    return node->value;
}
__attribute__((noinline)) static const struct node *find(const struct node *node, uint64_t value, unsigned skip) {
    for (; node; node = node->next) {
        if (node->value < 10)
            continue;
        if (node->value == value && !skip--)
            return node;
    }
    return NULL;
}
__attribute__((noinline)) static uint64_t zigzag(const struct node *node, unsigned pattern, unsigned steps) { // two displacements
    uint64_t total = 1;
    while (node && steps--) {
        total = total * 31 + node->value;
        node = pattern & 1 ? node->other : node->next;
        pattern = pattern >> 1 | pattern << 31;
    }
    return total;
}
__attribute__((noinline)) static uint64_t pairs(const struct node *a, const struct node *b) { // two chains at once
    uint64_t total = 0;
    while (a && b) {
        total += a->value * b->value;
        a = a->next;
        b = b->other;
    }
    return total;
}
__attribute__((noinline)) static struct node *reverse(struct node *node) { // three pointers in rotation
    struct node *done = NULL;
    while (node) {
        struct node *next = node->next;
        node->next = done;
        done = node;
        node = next;
    }
    return done;
}
// Six arguments and four sums: r8 to r11 are alive through the loop, and behind it.
__attribute__((noinline)) static uint64_t crowded(const struct node *node, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) {
    uint64_t p = 1, q = 2, r = 3, s = 4;
    for (; node; node = node->next) {
        p += node->value ^ a;
        q += node->value * b;
        r ^= node->value + c;
        s += p & d;
    }
    return p * 3 + q * 5 + r * 7 + s * 11 + a + b + c + d + e;
}
__attribute__((noinline)) static uint64_t fifth(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}
// The last two arguments go through a loop to a tail call in the registers in which they came.
__attribute__((noinline)) static uint64_t passed_on(const struct node *node, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    while (node->next)
        node = node->next;
    return fifth(node->value, b, c, d, e, f);
}
static uint64_t (*volatile indirect)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) = fifth;
__attribute__((noinline)) static uint64_t called(const struct node *node, unsigned rounds) { // calls around the loop
    uint64_t total = 0;
    for (unsigned i = 0; i < rounds; i++) {
        const struct node *at = node;
        for (unsigned k = 0; k < i && at; k++)
            at = at->next;
        total = total * 3 + indirect(total, at ? at->value : 0, i, 1, 2, 3);
    }
    return total;
}
__attribute__((noinline)) static const void *cycle(void *const *at, unsigned steps) { // nothing but pointers
    while (steps--)
        at = *at;
    return at;
}

int main(void) {
    link_up();
    say("sum %llu length %u depth %u", (unsigned long long)sum(nodes), length(nodes), depth(&nodes[NODES - 1]));
    for (unsigned i = 0; i < 5; i++)
        say("far %u: %llu", i * 13, (unsigned long long)far(nodes, i * 13));
    for (unsigned i = 0; i < NODES; i += 12) {
        const struct node *found = find(nodes, nodes[i].value, 0);
        say("find %u: %d, twice: %s", i, found ? (int)(found - nodes) : -1, find(nodes, nodes[i].value, 1) ? "yes" : "no");
    }
    for (unsigned i = 1; i < 6; i++)
        say("zigzag %u: %llu, pairs %llu", i, (unsigned long long)zigzag(&nodes[90], 0x01020408u * i, 1000),
            (unsigned long long)pairs(nodes, &nodes[NODES - i]));
    say("crowded %llu", (unsigned long long)crowded(nodes, HIDE(3ull), HIDE(5ull), HIDE(7ull), HIDE(11ull), HIDE(13ull)));
    say("passed on %llu", (unsigned long long)passed_on(nodes, HIDE(2ull), HIDE(3ull), HIDE(4ull), HIDE(5ull), HIDE(6ull)));
    say("called %llu", (unsigned long long)called(nodes, 40));
    static void *ring[17];
    for (unsigned i = 0; i < 17; i++)
        ring[i] = &ring[(i * 5 + 3) % 17];
    for (unsigned i = 0; i < 20; i += 3)
        say("cycle %u: %d", i, (int)((void *const *)cycle(ring, i) - ring));
    struct node *last = reverse(nodes);
    say("reversed: %llu %u %d", (unsigned long long)sum(last), length(last), (int)(last - nodes));
    return 0;
}
