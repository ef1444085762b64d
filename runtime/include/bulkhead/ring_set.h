// SPDX-License-Identifier: MIT
//
// Several rings and one server: each client has a ring of its own, so that its pages stay the log of its requests, and no client sees or
// disturbs another's. The server takes from all of them by priority, and sleeps on one event for all.
//
// Order: the best priority first; among rings of one priority in turns, up to `burst` requests a turn. Nobody starves: a priority that was
// passed over BH_RING_SET_PATIENCE times comes next. So between two requests of one priority at most BH_RING_SET_PATIENCE +
// BH_RING_SET_PRIORITIES of others are taken, and a request at the head of its ring waits for at most
//   (1 + bursts of the other rings of its priority) * (1 + BH_RING_SET_PATIENCE + BH_RING_SET_PRIORITIES)
// requests to be taken first.
//
// Trust: a client that breaks the protocol is reported, loses what it submitted wrongly, and uses up its turn: the others see nothing of it.
// Context: one thread at a time.
#ifndef BULKHEAD_RING_SET_H
#define BULKHEAD_RING_SET_H

#include "bulkhead/ring.h"

#define BH_RING_SET_RINGS 32
#define BH_RING_SET_PRIORITIES 4 // 0 is best
#define BH_RING_SET_PATIENCE 64

struct bh_ring_set {
    bh_cap event;     // raised for all of them; may serve for other things, too
    uint32_t count;
    struct bh_ring_set_member {
        struct bh_ring *ring; // the server's
        uint32_t priority, burst;
    } members[BH_RING_SET_RINGS];
    struct bh_ring_set_level {
        uint32_t first, count; // members of that priority: they stand together
        uint32_t turn;         // whose turn it is, from `first`
        uint32_t burst_left;   // of that turn
        uint32_t passed_over;  // by better priorities, since its last turn
    } levels[BH_RING_SET_PRIORITIES];
};

// Make it, without rings, on an event of its own. BH_EQUOTA when the domain may hold no more capabilities.
enum bh_error bh_ring_set_create(struct bh_ring_set *set);
// Add a ring to whose server's side this domain has attached; it stays the caller's, and must live as long as the set. Its clients' signals go
// to the set's event from now on. `burst`: requests a turn, at least 1. BH_EINVAL for a priority that there is not, BH_ENOSPC when it is full.
enum bh_error bh_ring_set_add(struct bh_ring_set *set, struct bh_ring *ring, uint32_t priority, uint32_t burst);
// Take the next request of all, and say which ring it came by: complete it there. BH_EAGAIN when there is none. BH_EPROTO: the client of *ring
// broke the protocol, which has been reported; take the next one.
enum bh_error bh_ring_set_take(struct bh_ring_set *set, struct bh_ring **ring, uint32_t *slot, void *request);
// Up to `most` requests of one ring, as far as its burst goes and the others' patience; *count of them, at least one, when this returns BH_OK.
// All rings of a set that is used so have requests of one size.
enum bh_error bh_ring_set_take_batch(struct bh_ring_set *set, uint32_t most, struct bh_ring **ring, uint32_t *slots, void *requests, uint32_t *count);
// Ask for an event at the next submission to any of them; true when there is work already.
bool bh_ring_set_arm(struct bh_ring_set *set);
enum bh_error bh_ring_set_wait(struct bh_ring_set *set, uint64_t deadline_ns);

#endif
