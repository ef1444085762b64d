// SPDX-License-Identifier: MIT
//
// Power-of-two classes with free lists over one array.
#include "workloads.h"

#include <string.h>

enum { ARENA_SIZE = 24 << 20, SMALLEST = 5, CLASSES = 32 };

struct header { // in front of each block, 16 bytes
    uint32_t class;
    struct header *next;
};
_Static_assert(sizeof(struct header) <= 16, "blocks are aligned to 16 bytes behind it");

static _Alignas(16) char arena[ARENA_SIZE];
static size_t used;
static struct header *free_lists[CLASSES];

void arena_reset(void) {
    used = 0;
    memset(free_lists, 0, sizeof(free_lists));
}

void *arena_take(size_t size) {
    uint32_t class = SMALLEST;
    while (class < CLASSES - 1 && ((size_t)1 << class) < size)
        class++;
    struct header *head = free_lists[class];
    if (head) {
        free_lists[class] = head->next;
        return (char *)head + 16;
    }
    if (((size_t)1 << class) + 16 > ARENA_SIZE - used)
        return NULL;
    head = (struct header *)(void *)(arena + used);
    used += ((size_t)1 << class) + 16;
    head->class = class;
    return (char *)head + 16;
}

void arena_give(void *block) {
    if (!block)
        return;
    struct header *head = (struct header *)(void *)((char *)block - 16);
    head->next = free_lists[head->class];
    free_lists[head->class] = head;
}

size_t arena_room(const void *block) {
    return (size_t)1 << ((const struct header *)(const void *)((const char *)block - 16))->class;
}

uint64_t checksum(const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    uint64_t sum = size;
    for (size_t i = 0; i < size; i += 17)
        sum = sum * 31 + at[i];
    return sum;
}
