// SPDX-License-Identifier: MIT
//
// Breaches of the rings' protocol by a client, for domains that test what a server makes of them.
#ifndef LIES_H
#define LIES_H

#include <stdint.h>

#include <bulkhead/ring.h>
#include <bulkhead/thread.h>

#define LIE_KINDS 6u

// One of them: an index that jumps; a slot past the end, or far past it; one that is not in flight; one in no state that there is; one without a number.
static inline void lie_once(struct bh_ring *ring, uint32_t kind) {
    struct bh_ring_requests *requests = (struct bh_ring_requests *)ring->info.requests;
    uint32_t *order = (uint32_t *)(ring->info.requests + BH_RING_ORDER);
    uint32_t entries = ring->info.entry_count, tail = requests->submit_tail;
    struct bh_ring_slot *slot = (struct bh_ring_slot *)ring->slots;
    slot->sequence = kind == 5 ? 0 : tail + 1;
    slot->state = kind == 3 ? BH_SLOT_FREE : kind == 4 ? 7 : BH_SLOT_BUSY;
    order[tail % entries] = kind == 1 ? entries : kind == 2 ? 0xffffffff : 0;
    requests->submit_tail = tail + (kind == 0 ? entries + 1 : 1);
    (void)bh_event_signal(ring->info.submit_event);
}

// One submission announced over and over.
static inline void lie_of_much(struct bh_ring *ring, uint32_t times) {
    struct bh_ring_requests *requests = (struct bh_ring_requests *)ring->info.requests;
    ((struct bh_ring_slot *)ring->slots)->state = BH_SLOT_BUSY;
    for (uint32_t i = 0; i < times; i++) {
        requests->submit_tail += 1 + i % ring->info.entry_count;
        (void)bh_event_signal(ring->info.submit_event);
    }
}

#endif
