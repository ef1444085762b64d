// SPDX-License-Identifier: MIT
//
// A chained hash table with string keys: malloc, strcmp, pointer chasing.
#include "programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 512

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

static uint64_t one_round(struct entry **table, uint64_t *seed) {
    uint64_t sum = 0;
    char key[24];
    for (uint32_t i = 0; i < 2000; i++) {
        number_key(key, next_random(seed) % 4096 + 1);
        struct entry **at = find(table, key);
        if (!*at) {
            *at = calloc(1, sizeof(**at));
            if (!*at)
                return 0;
            memcpy((*at)->key, key, sizeof(key));
        } else if (i % 3 == 0) {
            struct entry *gone = *at;
            *at = gone->next;
            sum += gone->value;
            free(gone);
            continue;
        }
        (*at)->value += i;
        sum ^= (*at)->value;
    }
    return sum;
}

uint64_t hash_run(uint32_t rounds) {
    struct entry **table = calloc(BUCKETS, sizeof(*table));
    uint64_t seed = 7, sum = 0;
    if (!table)
        return 0;
    for (uint32_t round = 0; round < rounds; round++)
        sum = sum * 3 + one_round(table, &seed);
    for (uint32_t i = 0; i < BUCKETS; i++)
        while (table[i]) {
            struct entry *gone = table[i];
            table[i] = gone->next;
            free(gone);
        }
    free(table);
    return sum;
}
