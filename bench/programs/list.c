// SPDX-License-Identifier: MIT
//
// Walk a shuffled linked list: nothing but dependent loads, in the first-level cache or in the second. Through a segment each would
// take a cycle more; the toolchain gives such loops the base in a register (docs/verified-code.md, anchors).
#include "programs.h"

#include <stdlib.h>

struct node {
    struct node *next;
    uint64_t value;
    uint64_t rest[6]; // a cache line each
};

#define NODES 2048      // 128 KiB: second-level cache
#define NODES_SMALL 256 // 16 KiB: first-level cache
#define STEPS 65536     // in a round

static struct node *build(struct node *nodes, uint32_t count) {
    static uint32_t order[NODES];
    uint64_t seed = 88172645463325252ull;
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t j = (uint32_t)(next_random(&seed) % (i + 1)), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (uint32_t i = 0; i < count; i++)
        nodes[order[i]] = (struct node){&nodes[order[(i + 1) % count]], order[i] * 3u + 1, {0}};
    return &nodes[order[0]];
}

static uint64_t walk(uint32_t rounds, uint32_t count) {
    struct node *nodes = malloc(count * sizeof(*nodes));
    if (!nodes)
        return 0;
    const struct node *node = build(nodes, count);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rounds; i++)
        for (uint32_t step = 0; step < STEPS; step++) {
            sum += node->value;
            node = node->next;
        }
    free(nodes);
    return sum;
}

uint64_t list_run(uint32_t rounds) {
    return walk(rounds, NODES);
}

uint64_t list_small_run(uint32_t rounds) {
    return walk(rounds, NODES_SMALL);
}
