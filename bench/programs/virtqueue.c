// SPDX-License-Identifier: MIT
//
// A split virtqueue worked by both sides in turn: what a device driver's and a device model's inner loops look like.
#include "programs.h"

#include <stdlib.h>
#include <string.h>

#define SIZE 256u
#define NEXT 1
#define WRITE 2

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

struct queue {
    struct descriptor descriptors[SIZE];
    struct {
        uint16_t flags, index, ring[SIZE];
    } available;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t id, length;
        } ring[SIZE];
    } used;
    uint16_t free_head, last_used, last_available;
    uint8_t status[SIZE];
};

static __attribute__((noinline)) void submit(struct queue *q, uint64_t lba) {
    uint16_t head = q->free_head, at = head;
    for (int part = 0; part < 3; part++) {
        struct descriptor *d = &q->descriptors[at];
        d->address = lba * 512 + (uint64_t)part * 4096;
        d->length = part == 1 ? 4096 : part == 0 ? 16 : 1;
        d->flags = (uint16_t)((part < 2 ? NEXT : 0) | (part ? WRITE : 0));
        at = d->next;
    }
    q->free_head = at;
    q->available.ring[q->available.index % SIZE] = head;
    __atomic_store_n(&q->available.index, q->available.index + 1, __ATOMIC_RELEASE);
}

static __attribute__((noinline)) uint64_t serve(struct queue *q) {
    uint64_t bytes = 0;
    while (q->last_available != __atomic_load_n(&q->available.index, __ATOMIC_ACQUIRE)) {
        uint16_t head = q->available.ring[q->last_available++ % SIZE], at = head;
        uint32_t written = 0;
        for (;;) {
            const struct descriptor *d = &q->descriptors[at % SIZE];
            bytes += d->length ^ (d->address & 0xff);
            if (d->flags & WRITE)
                written += d->length;
            if (!(d->flags & NEXT))
                break;
            at = d->next;
        }
        q->status[head] = 0;
        uint16_t slot = q->used.index % SIZE;
        q->used.ring[slot].id = head;
        q->used.ring[slot].length = written;
        __atomic_store_n(&q->used.index, q->used.index + 1, __ATOMIC_RELEASE);
    }
    return bytes;
}

static __attribute__((noinline)) uint64_t reap(struct queue *q) {
    uint64_t sum = 0;
    while (q->last_used != __atomic_load_n(&q->used.index, __ATOMIC_ACQUIRE)) {
        uint32_t id = q->used.ring[q->last_used % SIZE].id;
        sum += q->used.ring[q->last_used++ % SIZE].length;
        uint16_t tail = (uint16_t)id;
        for (int part = 0; part < 2; part++)
            tail = q->descriptors[tail].next;
        q->descriptors[tail].next = q->free_head;
        q->free_head = (uint16_t)id;
    }
    return sum;
}

uint64_t virtqueue_run(uint32_t rounds) {
    struct queue *q = calloc(1, sizeof(*q));
    uint64_t sum = 0;
    if (!q)
        return 0;
    for (uint16_t i = 0; i < SIZE; i++)
        q->descriptors[i].next = (uint16_t)((i + 1) % SIZE);
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < 64; i++)
            submit(q, round + i);
        sum += serve(q);
        sum = sum * 7 + reap(q);
    }
    free(q);
    return sum;
}
