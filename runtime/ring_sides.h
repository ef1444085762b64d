// SPDX-License-Identifier: MIT
//
// What both sides of a ring share (ring_client.c, ring_server.c): where things are, and how they are copied. The layout is kernel/abi/ring.h.
#ifndef BH_RUNTIME_RING_SIDES_H
#define BH_RUNTIME_RING_SIDES_H

#include <stdatomic.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "bulkhead/ring.h"
#include "runtime/calls.h"

#define RING_WORDS_MAX 64 // bytes up to which a loop is cheaper than the call of memcpy

static inline struct bh_ring_header *header_of(const struct bh_ring *ring) {
    return (struct bh_ring_header *)ring->info.header;
}

static inline struct bh_ring_requests *requests_of(const struct bh_ring *ring) {
    return (struct bh_ring_requests *)ring->info.requests;
}

static inline struct bh_ring_completions *completions_of(const struct bh_ring *ring) {
    return (struct bh_ring_completions *)ring->info.completions;
}

// Where submission number `index` says which slot it is in.
static inline _Atomic uint32_t *order_of(const struct bh_ring *ring, uint32_t index) {
    return (_Atomic uint32_t *)(ring->info.requests + BH_RING_ORDER) + (index & ring->mask);
}

static inline uint32_t slot_stride(uint32_t request_size) {
    return (uint32_t)(sizeof(struct bh_ring_slot) + request_size + 63) & ~63u;
}

static inline uint32_t entry_stride(uint32_t completion_size) {
    return (uint32_t)(sizeof(struct bh_ring_completion) + completion_size + 15) & ~15u;
}

static inline struct bh_ring_slot *slot_at(const struct bh_ring *ring, uint32_t slot, uint32_t stride) {
    return (struct bh_ring_slot *)(ring->slots + (uint64_t)slot * stride);
}

static inline struct bh_ring_slot *slot_of(const struct bh_ring *ring, uint32_t slot) {
    return slot_at(ring, slot, ring->slot_size);
}

static inline struct bh_ring_completion *completion_at(const struct bh_ring *ring, uint32_t index, uint32_t stride) {
    return (struct bh_ring_completion *)(ring->info.completions + BH_RING_COMPLETIONS + (uint64_t)(index & ring->mask) * stride);
}

// The loops over a batch are compiled for payloads of 16 bytes, and for those of any size.
#define RING_LOOP static inline __attribute__((always_inline))
#define RING_SMALL 16

// One of an array of payloads; of no array, none.
static inline void *payload_at(const void *array, uint32_t index, uint32_t size) {
    return array ? (uint8_t *)(uintptr_t)array + (uint64_t)index * size : NULL;
}

// The size is of the ring's type, so that the branches are always the same ones.
static inline void copy_payload(void *to, const void *from, uint32_t size) {
    if (size == 16) { // very often
        __builtin_memcpy(to, from, 16);
        return;
    }
    if (size > RING_WORDS_MAX) {
        memcpy(to, from, size);
        return;
    }
    uint8_t *byte = to;
    const uint8_t *source = from;
    for (; size >= 16; size -= 16, byte += 16, source += 16)
        __builtin_memcpy(byte, source, 16);
    if (size & 8) {
        __builtin_memcpy(byte, source, 8);
        byte += 8, source += 8;
    }
    if (size & 4) {
        __builtin_memcpy(byte, source, 4);
        byte += 4, source += 4;
    }
    for (; size & 3; size--)
        *byte++ = *source++;
}

// Has a tail that moved from `before` to `now` passed the peer's wish? (virtio's rule.)
static inline bool passed(uint32_t wish, uint32_t now, uint32_t before) {
    return now - wish - 1 < now - before;
}

// Does the peer want an event for what was posted since the last look at its wish? Between the store of the index and that look there must be a
// barrier (tests/models/wakeup.pml): on x86 an exchange is one, and takes half the time of a fence.
static inline bool peer_wants_event(struct bh_ring *ring, const _Atomic uint32_t *wish) {
    uint32_t before = __atomic_exchange_n(&ring->notified, ring->posted, __ATOMIC_SEQ_CST);
    return passed(atomic_load_explicit(wish, memory_order_relaxed), ring->posted, before);
}

// BH_EPROTO: the peer broke the rules, and the kernel has been told.
static inline enum bh_error accuse(struct bh_ring *ring, uint64_t value, const char *what) {
    ring->breaches++;
    (void)bh_call_ring_accuse(ring->cap, value, what, strlen(what), ring->epoch);
    return BH_EPROTO;
}

// Before the peer is called a liar: what this side noted twice must agree, or it is our own memory that is wrong.
static inline void check_notes(const struct bh_ring *ring) {
    uint32_t noted = 0;
    for (uint32_t i = 0; i < ring->info.entry_count; i++)
        noted += ring->sequences[i] != 0;
    if (noted != ring->in_flight)
        bh_panic("ring: %u requests are in hand, and %u are noted", ring->in_flight, noted);
}

void bh_ring_adopt_requests(struct bh_ring *ring, bh_ring_wanted *wanted, void *context); // ring_client.c: a client attaches
void bh_ring_adopt_log(struct bh_ring *ring);      // ring_server.c: a server does

#endif
