// SPDX-License-Identifier: MIT
//
// One ring and several threads of its client: each submits, and waits for its own answers, in any order. The threads die together, so a lock
// between them protects the words that bh_ring.h leaves to one thread; it is held for a few copies, never while somebody sleeps. Of those who
// wait one sleeps on the ring's event, takes what comes for all, and hands this office on when it leaves.
//
// Back-pressure: who finds no room sleeps until there is; a slot that becomes free wakes the one who has slept longest.
// Errors: BH_ETIMEDOUT and BH_EQUOTA (no event to sleep on) come from here; all else is the server's status.
// Context: any thread of the domain; may sleep. Not for threads that are inside by a call of somebody else's, who may die: the domain's own.
#ifndef BULKHEAD_RING_SHARED_H
#define BULKHEAD_RING_SHARED_H

#include "bulkhead/mutex.h"
#include "bulkhead/ring.h"

#define BH_RING_SHARED_EVENTS 16 // kept for those who will sleep

// One request, from its submission until it is done. The caller's, who fills nothing in and keeps it until then.
struct bh_ring_ticket {
    uint32_t slot;
    enum bh_error status; // of the request, when done
    bool done;
    void *completion;     // where its payload goes, or NULL
};

struct bh_ring_waiter;

struct bh_ring_shared {
    struct bh_mutex lock;
    // lock: all that follows
    struct bh_ring ring;
    struct bh_ring_ticket *tickets[BH_RING_ENTRIES_MAX]; // by slot; NULL: nobody waits for it
    struct bh_ring_waiter *first, **last; // those who sleep on an event of their own
    bool led;                             // somebody sleeps on the ring's event
    bh_cap events[BH_RING_SHARED_EVENTS];
    uint32_t event_count;
};

// Attach to the client's side of the ring granted under `name`. What a former life of the domain left in flight is nobody's.
enum bh_error bh_ring_shared_attach(const char *name, struct bh_ring_shared *shared);
// Submit a request (copied) and tell the server. `completion` is where its answer goes, NULL for nowhere. Sleeps while the ring is full, until
// `deadline_ns` (as in bh_event_wait).
enum bh_error bh_ring_shared_submit(struct bh_ring_shared *shared, const void *request, void *completion, struct bh_ring_ticket *ticket,
                                    uint64_t deadline_ns);
// Sleep until it is done. BH_OK: ticket->status says how it went. BH_ETIMEDOUT: still in flight; wait again, or bh_ring_shared_forget().
enum bh_error bh_ring_shared_wait(struct bh_ring_shared *shared, struct bh_ring_ticket *ticket, uint64_t deadline_ns);
// Ask that it be left undone, as bh_ring_cancel; it is still to be waited for. BH_ENOENT: it is done already.
enum bh_error bh_ring_shared_cancel(struct bh_ring_shared *shared, struct bh_ring_ticket *ticket);
// Wait for it no more: its memory is the caller's again, its answer will be dropped.
void bh_ring_shared_forget(struct bh_ring_shared *shared, struct bh_ring_ticket *ticket);
// All of it: submit, wait; cancel and forget at the deadline. Returns the request's status.
enum bh_error bh_ring_shared_call(struct bh_ring_shared *shared, const void *request, void *completion, uint64_t deadline_ns);

#endif
