// SPDX-License-Identifier: MIT
//
// Rings: requests from one client to one server, completions back, in shared memory; see kernel/abi/ring.h for the
// layout and for what happens at a restart, docs/rings.md for how to use them. Several threads of a client: ring_shared.h; several clients
// of a server: ring_set.h.
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
    uint32_t mask;        // entry_count - 1
    uint64_t slots;       // address of slot 0
    uint32_t slot_size, entry_size; // bytes from one request slot, or completion, to the next
    uint32_t epoch;       // last seen
    uint32_t taken;       // server: submissions taken; client: completions taken
    uint32_t peer_tail;   // the peer's tail when last read: `taken` may go up to it without another look
    uint32_t posted;      // own tail
    uint32_t notified;    // own tail at the last look at the peer's wish for a signal
    uint32_t replay_left; // server: slots of the log still to replay
    uint32_t replay_tail; // server: submit_tail on attaching; what was submitted later is not replayed
    uint32_t stale_until; // client: completions before this one may belong to its former life
    uint32_t doubtful_until; // client: completions before this one may have been taken already
    bool accused;         // client: the server of this epoch has lied
    uint32_t untold;      // client: how often in a row there were completions that the server had not told of
    bool acknowledged;    // server: the client has seen our epoch
    uint64_t sequence;    // client: last used; server: last taken from the log
    uint32_t in_flight;   // client: slots in flight; server: requests in hand
    uint32_t free_hint;   // client: where to look for a free slot
    uint32_t replayed;    // server: requests that came from the log
    uint32_t cancelled;   // server: requests that were cancelled before they were taken
    uint32_t breaches;    // of the protocol by the peer, as far as this side met them
    uint64_t sequences[BH_RING_ENTRIES_MAX]; // client: by slot, 0 when free; server: by slot, of taken requests
};

// Take one's side of the ring granted under `name`. A server that attaches after a crash first receives, through
// bh_ring_take, the requests in flight, in order.
enum bh_error bh_ring_attach(const char *name, struct bh_ring *ring);
// The same with a capability that came by a call.
enum bh_error bh_ring_attach_cap(bh_cap cap, struct bh_ring *ring);

// A client that comes back and remembers what it had in flight (docs/rings.md): of each request in flight it is asked whether it still waits for that
// one. Those that it had dealt with and not released any more are freed, before a server can see them again.
typedef bool bh_ring_wanted(void *context, uint32_t slot, uint64_t sequence);
enum bh_error bh_ring_attach_again(const char *name, struct bh_ring *ring, bh_ring_wanted *wanted, void *context);

// ---- client
// Submit one request (copied). *slot identifies it until its completion. BH_EAGAIN when all slots are in flight: take completions first.
enum bh_error bh_ring_submit(struct bh_ring *ring, const void *request, uint32_t *slot);
// Submit up to `count` of them, one behind the other in `requests`, with one publication; how many there was room for, 0 when there was none.
uint32_t bh_ring_submit_batch(struct bh_ring *ring, const void *requests, uint32_t count, uint32_t *slots);
// The slot and the number of the next request, for a client that writes down what it is about to submit. False: all are in flight.
bool bh_ring_next(struct bh_ring *ring, uint32_t *slot, uint64_t *sequence);
// Is that request in flight, or completed and not taken yet?
bool bh_ring_is_in_flight(const struct bh_ring *ring, uint32_t slot, uint64_t sequence);
// Tell the server about submissions so far, if it wants to know: one event at most, none while it polls.
void bh_ring_submit_notify(struct bh_ring *ring);
// Ask that a request be left undone. It is completed all the same, once: with BH_ECANCELED if no server had begun it, else as it went.
// BH_ENOENT: it is not in flight.
enum bh_error bh_ring_cancel(struct bh_ring *ring, uint32_t slot);
// The request in flight in `slot`, as it was submitted (copied): for a client that came back and finds requests of its former life, whose pages
// it checks as a stranger's. BH_ENOENT: nothing is in flight there.
enum bh_error bh_ring_request(const struct bh_ring *ring, uint32_t slot, void *request);
// Take one completion: slot, status and payload (copied, unless NULL). BH_EAGAIN when there is none. BH_EPROTO: the server broke the
// rules; it has been reported, and nothing more is taken before it is replaced.
enum bh_error bh_ring_complete(struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion);
// Take up to `most` of them; *count of them, at least one, when this returns BH_OK.
enum bh_error bh_ring_complete_batch(struct bh_ring *ring, uint32_t most, uint32_t *slots, enum bh_error *statuses, void *completions,
                                     uint32_t *count);
// As bh_ring_complete(), but the request stays in the log until bh_ring_release(): a client that dies in between finds it in flight when it comes back.
// Between the two nothing is submitted.
enum bh_error bh_ring_complete_held(struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion);
void bh_ring_release(struct bh_ring *ring, uint32_t slot);
// Ask for an event (info.completion_event) at the next completion; true when there is one already (do not sleep then).
bool bh_ring_arm_completion(struct bh_ring *ring);
// Sleep until bh_ring_complete may have something. Arms the event, checks again, sleeps. `deadline_ns` as in bh_event_wait.
enum bh_error bh_ring_wait_completion(struct bh_ring *ring, uint64_t deadline_ns);
// The same until there are `count` of them, or all that are in flight: fewer events, when one alone is no use.
enum bh_error bh_ring_wait_completions(struct bh_ring *ring, uint32_t count, uint64_t deadline_ns);
// As bh_ring_wait_completion() without a limit, for who must not wait for ever for a server that works and does not say so: looks by itself ten times a second, and
// reports a server that has not told of what it completed several times in a row.
enum bh_error bh_ring_watch_completion(struct bh_ring *ring);

// ---- server
// Take the next request (copied out). BH_EAGAIN when there is none. BH_EPROTO: the client broke the rules; what it submitted wrongly is passed
// over. Requests cancelled in time are completed on the way, and not seen here.
enum bh_error bh_ring_take(struct bh_ring *ring, uint32_t *slot, void *request);
// Take up to `most` of them with one look at the client's index; *count of them, at least one, when this returns BH_OK.
enum bh_error bh_ring_take_batch(struct bh_ring *ring, uint32_t most, uint32_t *slots, void *requests, uint32_t *count);
// The request in hand in `slot`, as it stands in the client's pages, which this side cannot write: to compare what was made of its copy. The client can
// change it at any time, so nothing is to be decided by it but that something is wrong. NULL: not in hand, or another request stands there.
const volatile void *bh_ring_entry(const struct bh_ring *ring, uint32_t slot);
// Complete a request that was taken, in any order. `completion` may be NULL when the ring type has no payload. BH_EINVAL: not in hand.
enum bh_error bh_ring_finish(struct bh_ring *ring, uint32_t slot, enum bh_error status, const void *completion);
// Complete several with one publication. `statuses` NULL: all BH_OK. BH_EINVAL at the first that is not in hand; those before it are completed.
enum bh_error bh_ring_finish_batch(struct bh_ring *ring, uint32_t count, const uint32_t *slots, const enum bh_error *statuses,
                                   const void *completions);
// The same for a server that is certain of what it has in hand. What is not in hand ends the domain, by a panic: the server has lost track of its
// requests, a client would wait for ever, and a successor finds them all in the ring's log.
void bh_ring_end(struct bh_ring *ring, uint32_t slot, enum bh_error status, const void *completion);
void bh_ring_end_batch(struct bh_ring *ring, uint32_t count, const uint32_t *slots, const enum bh_error *statuses, const void *completions);
// Tell the client about completions so far, if it wants to know: one event at most, none while it polls.
void bh_ring_finish_notify(struct bh_ring *ring);
// Ask for an event (info.submit_event) at the next submission; true when there is work already (do not sleep then).
bool bh_ring_arm_submit(struct bh_ring *ring);
enum bh_error bh_ring_wait_submit(struct bh_ring *ring, uint64_t deadline_ns);

#endif
