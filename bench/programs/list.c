// SPDX-License-Identifier: MIT
//
// Walk a shuffled linked list that fits the cache: latency of dependent loads.
#include "programs.h"

#include <stdlib.h>

#define NODES 1024

struct node {
    struct node *next;
    uint64_t value;
};

static struct node *build(struct node *nodes) {
    uint32_t order[NODES];
    uint64_t seed = 88172645463325252ull;
    for (uint32_t i = 0; i < NODES; i++)
        order[i] = i;
    for (uint32_t i = NODES - 1; i > 0; i--) {
        uint32_t j = next_random(&seed) % (i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (uint32_t i = 0; i < NODES; i++)
        nodes[order[i]] = (struct node){&nodes[order[(i + 1) % NODES]], order[i] * 3u + 1};
    return &nodes[order[0]];
}

uint64_t list_run(uint32_t rounds) {
    struct node *nodes = malloc(NODES * sizeof(*nodes));
    if (!nodes)
        return 0;
    const struct node *node = build(nodes);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rounds * 64; i++)
        for (uint32_t step = 0; step < NODES; step++) {
            sum += node->value;
            node = node->next;
        }
    free(nodes);
    return sum;
}
