// SPDX-License-Identifier: MIT
//
// Rings: requests from one client to one server, completions back, in shared memory; see kernel/abi/ring.h for the
// layout and for what happens at a restart.
//
// Trust: the peer may write anything into its pages at any time. These functions copy each index and entry out
// once and check it; a breach is reported to the kernel (bh_ring_accuse) and returned as BH_EPROTO.
// Context: one thread at a time on each side of a ring.
#ifndef BULKHEAD_RING_H
#define BULKHEAD_RING_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"
#include "kernel/abi/ring.h"

struct bh_ring {
    struct bh_ring_info info;
    bh_cap cap;
    uint32_t epoch;       // last seen
    uint32_t taken;       // server: submissions taken; client: completions taken
    uint32_t posted;      // own tail
    uint32_t notified;    // own tail at the last look at the peer's wish for a signal
    uint32_t replay_left; // server: slots of the log still to replay
    uint32_t replay_tail; // server: submit_tail on attaching; what was submitted later is not replayed
    uint32_t stale_until; // client: completions before this one may belong to its former life
    uint32_t doubtful_until; // client: completions before this one may have been taken already
    uint64_t sequence;    // client: last used; server: last taken
    uint32_t in_flight;   // client: BUSY slots
    uint32_t free_hint;   // client: where to look for a free slot
    uint32_t replayed;    // server: requests that came from the log
    uint64_t sequences[BH_RING_ENTRIES_MAX]; // client: by slot, 0 when free; server: by slot, of taken requests
};

// Take one's side of the ring granted under `name`. A server that attaches after a crash first receives, through
// bh_ring_take, the requests in flight, in order.
enum bh_error bh_ring_attach(const char *name, struct bh_ring *ring);
// The same with a capability that came by a call.
enum bh_error bh_ring_attach_cap(bh_cap cap, struct bh_ring *ring);

// Client. Submit one request (copied). *slot identifies it until its completion. BH_EAGAIN when all slots are busy.
enum bh_error bh_ring_submit(struct bh_ring *ring, const void *request, uint32_t *slot);
// Tell the server about submissions so far, if it wants to know.
void bh_ring_submit_notify(struct bh_ring *ring);
// Take one completion: slot, status and payload (copied). BH_EAGAIN when there is none. BH_EPROTO: the server broke the
// rules; it has been reported and will be replaced.
enum bh_error bh_ring_complete(struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion);
// Sleep until bh_ring_complete may have something. Arms the event, checks again, sleeps.
enum bh_error bh_ring_wait_completion(struct bh_ring *ring, uint64_t deadline_ns);

// Server. Take the next request (copied out). BH_EAGAIN when there is none.
enum bh_error bh_ring_take(struct bh_ring *ring, uint32_t *slot, void *request);
// Complete a request that was taken. `completion` may be NULL when the ring type has no payload.
enum bh_error bh_ring_finish(struct bh_ring *ring, uint32_t slot, enum bh_error status, const void *completion);
void bh_ring_finish_notify(struct bh_ring *ring);
// Arm the submission event; true when there is work already (do not sleep then).
bool bh_ring_arm_submit(struct bh_ring *ring);
enum bh_error bh_ring_wait_submit(struct bh_ring *ring, uint64_t deadline_ns);

#endif
