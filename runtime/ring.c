// SPDX-License-Identifier: MIT
//
// Taking one's side of a ring. What the sides do then is in ring_client.c and ring_server.c; the peer's pages are hostile memory for both:
// each word is read once, checked, then used.
#include "runtime/ring_sides.h"

#include "bulkhead/cap.h"

static uint64_t round_to(uint64_t value, uint64_t unit) {
    return (value + unit - 1) & ~(unit - 1);
}

static enum bh_error attach(bh_cap cap, struct bh_ring *ring, bh_ring_wanted *wanted, void *context) {
    memset(ring, 0, sizeof(*ring));
    ring->cap = cap;
    enum bh_error error = bh_call_ring_attach(cap, &ring->info);
    if (error)
        return error;
    ring->mask = ring->info.entry_count - 1;
    ring->slots = ring->info.requests + round_to(BH_RING_ORDER + sizeof(uint32_t) * (uint64_t)ring->info.entry_count, 64);
    ring->slot_size = slot_stride(ring->info.request_size);
    ring->entry_size = entry_stride(ring->info.completion_size);
    ring->epoch = ring->info.epoch;
    if (ring->info.is_server)
        bh_ring_adopt_log(ring);
    else
        bh_ring_adopt_requests(ring, wanted, context);
    return BH_OK;
}

enum bh_error bh_ring_attach(const char *name, struct bh_ring *ring) {
    return bh_ring_attach_again(name, ring, NULL, NULL);
}

enum bh_error bh_ring_attach_cap(bh_cap cap, struct bh_ring *ring) {
    return attach(cap, ring, NULL, NULL);
}

enum bh_error bh_ring_attach_again(const char *name, struct bh_ring *ring, bh_ring_wanted *wanted, void *context) {
    bh_cap cap;
    enum bh_error error = bh_cap_find(name, &cap);
    return error ? error : attach(cap, ring, wanted, context);
}
