// SPDX-License-Identifier: MIT
//
// A chained hash table with string keys: strcmp and pointer chasing. Entries come from a pool of its own, since the allocators of the
// two C libraries differ by more than anything here.
#include "programs.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 512
#define KEYS 4096

struct entry {
    struct entry *next;
    uint64_t value;
    char key[24];
};

static uint32_t hash(const char *key) {
    uint32_t h = 2166136261u;
    for (; *key; key++)
        h = (h ^ (uint8_t)*key) * 16777619u;
    return h;
}

static struct entry **find(struct entry **table, const char *key) {
    struct entry **at = &table[hash(key) % BUCKETS];
    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

static void number_key(char key[24], uint64_t number) {
    char *at = key;
    memcpy(at, "key-", 4);
    for (at += 4; number; number /= 10)
        *at++ = (char)('0' + number % 10);
    *at = 0;
}

struct pool {
    struct entry *free;
    struct entry entries[KEYS];
};

static struct entry *take(struct pool *pool) {
    struct entry *entry = pool->free;
    pool->free = entry->next;
    *entry = (struct entry){0};
    return entry;
}

static void give(struct pool *pool, struct entry *entry) {
    entry->next = pool->free;
    pool->free = entry;
}

static uint64_t one_round(struct entry **table, struct pool *pool, uint64_t *seed) {
    uint64_t sum = 0;
    char key[24];
    for (uint32_t i = 0; i < 2000; i++) {
        number_key(key, next_random(seed) % KEYS + 1);
        struct entry **at = find(table, key);
        if (!*at) {
            *at = take(pool);
            memcpy((*at)->key, key, sizeof(key));
        } else if (i % 3 == 0) {
            struct entry *gone = *at;
            *at = gone->next;
            sum += gone->value;
            give(pool, gone);
            continue;
        }
        (*at)->value += i;
        sum ^= (*at)->value;
    }
    return sum;
}

uint64_t hash_run(uint32_t rounds) {
    struct entry **table = calloc(BUCKETS, sizeof(*table));
    struct pool *pool = calloc(1, sizeof(*pool));
    uint64_t seed = 7, sum = 0;
    if (table && pool) {
        for (uint32_t i = 0; i < KEYS; i++)
            give(pool, &pool->entries[i]);
        for (uint32_t round = 0; round < rounds; round++)
            sum = sum * 3 + one_round(table, pool, &seed);
    }
    free(table);
    free(pool);
    return sum;
}
