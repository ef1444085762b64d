// SPDX-License-Identifier: MIT
//
// Both sides of a ring. The peer's pages are hostile memory: each word is read once, checked, then used. The request slots that are BUSY
// are the log; what a server has not completed when it dies stays there and comes out of bh_ring_take() of its successor first.
#include "bulkhead/ring.h"

#include <stdatomic.h>
#include <string.h>

#include "bulkhead/cap.h"
#include "bulkhead/thread.h"
#include "runtime/calls.h"

static uint64_t round_to(uint64_t value, uint64_t unit) {
    return (value + unit - 1) & ~(unit - 1);
}

static struct bh_ring_header *header_of(const struct bh_ring *ring) {
    return (struct bh_ring_header *)ring->info.header;
}

static struct bh_ring_requests *requests_of(const struct bh_ring *ring) {
    return (struct bh_ring_requests *)ring->info.requests;
}

static struct bh_ring_completions *completions_of(const struct bh_ring *ring) {
    return (struct bh_ring_completions *)ring->info.completions;
}

static _Atomic uint32_t *order_of(const struct bh_ring *ring) {
    return (_Atomic uint32_t *)(ring->info.requests + BH_RING_ORDER);
}

static struct bh_ring_slot *slot_of(const struct bh_ring *ring, uint32_t slot) {
    uint64_t start = round_to(BH_RING_ORDER + 4ull * ring->info.entry_count, 64);
    uint64_t size = round_to(sizeof(struct bh_ring_slot) + ring->info.request_size, 64);
    return (struct bh_ring_slot *)(ring->info.requests + start + slot * size);
}

static struct bh_ring_completion *completion_of(const struct bh_ring *ring, uint32_t index) {
    uint64_t size = round_to(sizeof(struct bh_ring_completion) + ring->info.completion_size, 16);
    return (struct bh_ring_completion *)(ring->info.completions + BH_RING_COMPLETIONS +
                                         (index & (ring->info.entry_count - 1)) * size);
}

static enum bh_error accuse(struct bh_ring *ring, uint64_t value, const char *what) {
    (void)bh_call_ring_accuse(ring->cap, value, what, strlen(what), ring->epoch);
    return BH_EPROTO;
}

// Client: from now on no completion of an earlier epoch is taken, so that a new server can read the log.
static void acknowledge_epoch(struct bh_ring *ring) {
    atomic_store_explicit(&requests_of(ring)->epoch_seen, ring->epoch, memory_order_release);
    (void)bh_call_event_signal(ring->info.submit_event);
}

// ---- attaching

// A client that comes back: requests of its former life that are still BUSY stay in flight, without an owner. One whose submission was not
// announced any more is free: no server takes it.
static void adopt_requests(struct bh_ring *ring) {
    uint32_t tail = atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire);
    ring->posted = atomic_load_explicit(&requests_of(ring)->submit_tail, memory_order_relaxed);
    for (uint32_t i = 0; i < ring->info.entry_count; i++) {
        struct bh_ring_slot *slot = slot_of(ring, i);
        bool announced = slot->sequence && (int32_t)((uint32_t)slot->sequence - ring->posted) <= 0;
        if (announced && slot->sequence > ring->sequence)
            ring->sequence = slot->sequence;
        if (atomic_load_explicit(&slot->state, memory_order_relaxed) != BH_SLOT_BUSY)
            continue;
        if (!announced) {
            atomic_store_explicit(&slot->state, BH_SLOT_FREE, memory_order_relaxed);
            continue;
        }
        ring->sequences[i] = slot->sequence;
        ring->in_flight++;
    }
    ring->sequence += (uint32_t)(ring->posted - (uint32_t)ring->sequence); // the two count together
    // Completions that it did not take: everything since one lap ago may be among them.
    ring->taken = tail < ring->info.entry_count ? 0 : tail - ring->info.entry_count;
    ring->stale_until = ring->doubtful_until = tail;
    acknowledge_epoch(ring);
}

// A server: the log is what is BUSY now; everything submitted up to now is in it.
static void adopt_log(struct bh_ring *ring) {
    ring->taken = atomic_load_explicit(&requests_of(ring)->submit_tail, memory_order_acquire);
    ring->replay_tail = ring->taken;
    ring->replay_left = ring->info.entry_count;
}

enum bh_error bh_ring_attach(const char *name, struct bh_ring *ring) {
    bh_cap cap;
    enum bh_error error = bh_cap_find(name, &cap);
    return error ? error : bh_ring_attach_cap(cap, ring);
}

enum bh_error bh_ring_attach_cap(bh_cap cap, struct bh_ring *ring) {
    memset(ring, 0, sizeof(*ring));
    ring->cap = cap;
    enum bh_error error = bh_call_ring_attach(cap, &ring->info);
    if (error)
        return error;
    ring->epoch = ring->info.epoch;
    if (ring->info.is_server)
        adopt_log(ring);
    else
        adopt_requests(ring);
    return BH_OK;
}

// ---- client

static bool find_free(struct bh_ring *ring, uint32_t *slot) {
    if (ring->in_flight >= ring->info.entry_count)
        return false;
    uint32_t candidate = ring->free_hint;
    while (ring->sequences[candidate])
        candidate = (candidate + 1) & (ring->info.entry_count - 1);
    ring->free_hint = (candidate + 1) & (ring->info.entry_count - 1);
    *slot = candidate;
    return true;
}

enum bh_error bh_ring_submit(struct bh_ring *ring, const void *request, uint32_t *out) {
    uint32_t index;
    if (!find_free(ring, &index))
        return BH_EAGAIN;
    struct bh_ring_slot *slot = slot_of(ring, index);
    ring->sequences[index] = slot->sequence = ++ring->sequence;
    memcpy(slot + 1, request, ring->info.request_size);
    atomic_store_explicit(&slot->state, BH_SLOT_BUSY, memory_order_release);
    atomic_store_explicit(&order_of(ring)[ring->posted & (ring->info.entry_count - 1)], index, memory_order_relaxed);
    ring->posted++;
    atomic_store_explicit(&requests_of(ring)->submit_tail, ring->posted, memory_order_release);
    ring->in_flight++;
    *out = index;
    return BH_OK;
}

// Has a tail that moved from `before` to `now` passed the peer's wish? (virtio's rule.)
static bool passed(uint32_t wish, uint32_t now, uint32_t before) {
    return now - wish - 1 < now - before;
}

void bh_ring_submit_notify(struct bh_ring *ring) {
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t wish = atomic_load_explicit(&completions_of(ring)->submit_event, memory_order_relaxed);
    if (passed(wish, ring->posted, ring->notified))
        (void)bh_call_event_signal(ring->info.submit_event);
    ring->notified = ring->posted;
}

// Has it changed? Then completions come anew.
static bool see_epoch(struct bh_ring *ring) {
    uint32_t epoch = atomic_load_explicit(&header_of(ring)->epoch, memory_order_acquire);
    if (epoch == ring->epoch)
        return false;
    ring->epoch = epoch;
    ring->taken = 0;
    ring->stale_until = ring->doubtful_until = 0;
    acknowledge_epoch(ring);
    return true;
}

// What makes no sense was written by a liar, or zeroed by the kernel since we looked at the epoch: then look again (BH_ECANCELED).
static enum bh_error accuse_server(struct bh_ring *ring, uint64_t value, const char *what) {
    return see_epoch(ring) ? BH_ECANCELED : accuse(ring, value, what);
}

static bool before(uint32_t index, uint32_t limit) {
    return (int32_t)(limit - index) > 0;
}

// One completion, copied out and checked. BH_ECANCELED: look again. In the lap that a returning client has behind it the server may be
// writing at this moment: then the sequence number, which is cleared first and written last, tells.
static enum bh_error take_completion(struct bh_ring *ring, uint32_t *out, enum bh_error *status, void *completion) {
    struct bh_ring_completion *entry = completion_of(ring, ring->taken);
    uint64_t sequence = __atomic_load_n(&entry->sequence, __ATOMIC_ACQUIRE);
    uint32_t slot = *(volatile uint32_t *)&entry->slot;
    int32_t code = *(volatile int32_t *)&entry->status;
    bool stale = before(ring->taken, ring->stale_until);
    if (slot >= ring->info.entry_count)
        return accuse_server(ring, slot, "completion of a slot that does not exist");
    if (!sequence || ring->sequences[slot] != sequence) {
        if (!before(ring->taken, ring->doubtful_until))
            return accuse_server(ring, slot, "completion of a request that is not in flight");
        if (!see_epoch(ring))
            ring->taken++;
        return BH_ECANCELED;
    }
    if (completion)
        memcpy(completion, entry + 1, ring->info.completion_size);
    atomic_thread_fence(memory_order_acquire);
    if (*(volatile uint64_t *)&entry->sequence != sequence)
        return stale ? BH_ECANCELED : accuse_server(ring, slot, "completion that changes while it is read");
    if (stale) // it may have been the next lap's, a moment early: then it comes once more
        ring->doubtful_until = ring->taken + ring->info.entry_count + 1;
    ring->taken++;
    ring->sequences[slot] = 0;
    ring->in_flight--;
    atomic_store_explicit(&slot_of(ring, slot)->state, BH_SLOT_FREE, memory_order_release);
    *out = slot;
    *status = (enum bh_error)code;
    return BH_OK;
}

enum bh_error bh_ring_complete(struct bh_ring *ring, uint32_t *out, enum bh_error *status, void *completion) {
    enum bh_error error = BH_ECANCELED;
    (void)see_epoch(ring);
    while (error == BH_ECANCELED) {
        uint32_t tail = atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire);
        uint32_t ready = tail - ring->taken;
        if (!ready)
            return BH_EAGAIN;
        if (ready > ring->info.entry_count) {
            // One lap behind after attaching, while the server goes on: what it wrote over was taken in our former life.
            if (!before(ring->taken, ring->stale_until) || tail - ring->stale_until > ring->info.entry_count) {
                error = accuse_server(ring, tail, "completion index");
                continue;
            }
            ring->taken = tail - ring->info.entry_count;
        }
        error = take_completion(ring, out, status, completion);
    }
    return error;
}

enum bh_error bh_ring_wait_completion(struct bh_ring *ring, uint64_t deadline_ns) {
    (void)see_epoch(ring);
    atomic_store_explicit(&requests_of(ring)->completion_event, ring->taken, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire) != ring->taken)
        return BH_OK;
    return bh_call_event_wait(ring->info.completion_event, deadline_ns);
}

// ---- server

// Until the client has seen our epoch it may still free slots of the log for what our predecessor answered.
static bool acknowledged(const struct bh_ring *ring) {
    return atomic_load_explicit(&requests_of(ring)->epoch_seen, memory_order_acquire) == ring->epoch;
}

// Copy request `index` out if it is in flight. The client is not trusted either: sequence and state are its own words.
static bool copy_request(struct bh_ring *ring, uint32_t index, void *request) {
    struct bh_ring_slot *slot = slot_of(ring, index);
    if (atomic_load_explicit(&slot->state, memory_order_acquire) != BH_SLOT_BUSY)
        return false;
    uint64_t sequence = *(volatile uint64_t *)&slot->sequence;
    if (!sequence)
        return false;
    memcpy(request, slot + 1, ring->info.request_size);
    ring->sequences[index] = sequence;
    return true;
}

// The oldest request of the log that was not replayed yet: the smallest sequence above the last one.
static bool take_replay(struct bh_ring *ring, uint32_t *out, void *request) {
    while (ring->replay_left) {
        uint32_t best = ring->info.entry_count;
        uint64_t best_sequence = ~0ull;
        for (uint32_t i = 0; i < ring->info.entry_count; i++) {
            struct bh_ring_slot *slot = slot_of(ring, i);
            bool busy = atomic_load_explicit(&slot->state, memory_order_acquire) == BH_SLOT_BUSY;
            uint64_t sequence = *(volatile uint64_t *)&slot->sequence; // after its state: it may just be used anew
            if (busy && !ring->sequences[i] && sequence > ring->sequence && sequence < best_sequence &&
                (int32_t)(ring->replay_tail - (uint32_t)sequence) >= 0) {
                best = i;
                best_sequence = sequence;
            }
        }
        if (best == ring->info.entry_count) {
            ring->replay_left = 0;
            return false;
        }
        ring->replay_left--;
        ring->sequence = best_sequence;
        if (!copy_request(ring, best, request))
            continue;
        ring->replayed++;
        *out = best;
        return true;
    }
    return false;
}

enum bh_error bh_ring_take(struct bh_ring *ring, uint32_t *out, void *request) {
    if (!acknowledged(ring))
        return BH_EAGAIN;
    if (ring->replay_left && take_replay(ring, out, request))
        return BH_OK;
    uint32_t tail = atomic_load_explicit(&requests_of(ring)->submit_tail, memory_order_acquire);
    uint32_t ready = tail - ring->taken;
    if (!ready)
        return BH_EAGAIN;
    if (ready > ring->info.entry_count) {
        ring->taken = tail; // what it submitted is lost, so that its next lie is another one and we do not go on about this one
        return accuse(ring, tail, "submission index");
    }
    uint32_t index = atomic_load_explicit(&order_of(ring)[ring->taken & (ring->info.entry_count - 1)], memory_order_relaxed);
    ring->taken++;
    if (index >= ring->info.entry_count || ring->sequences[index])
        return accuse(ring, index, "submission of a slot that does not exist or is in flight");
    if (!copy_request(ring, index, request))
        return accuse(ring, index, "submission of a slot that is free");
    *out = index;
    return BH_OK;
}

enum bh_error bh_ring_finish(struct bh_ring *ring, uint32_t slot, enum bh_error status, const void *completion) {
    if (slot >= ring->info.entry_count || !ring->sequences[slot])
        return BH_EINVAL;
    struct bh_ring_completion *entry = completion_of(ring, ring->posted);
    __atomic_store_n(&entry->sequence, 0, __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_release);
    entry->slot = slot;
    entry->status = status;
    if (completion)
        memcpy(entry + 1, completion, ring->info.completion_size);
    __atomic_store_n(&entry->sequence, ring->sequences[slot], __ATOMIC_RELEASE);
    ring->sequences[slot] = 0;
    ring->posted++;
    atomic_store_explicit(&completions_of(ring)->completion_tail, ring->posted, memory_order_release);
    return BH_OK;
}

void bh_ring_finish_notify(struct bh_ring *ring) {
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t wish = atomic_load_explicit(&requests_of(ring)->completion_event, memory_order_relaxed);
    if (passed(wish, ring->posted, ring->notified))
        (void)bh_call_event_signal(ring->info.completion_event);
    ring->notified = ring->posted;
}

bool bh_ring_arm_submit(struct bh_ring *ring) {
    atomic_store_explicit(&completions_of(ring)->submit_event, ring->taken, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (!acknowledged(ring)) // it signals when it has
        return false;
    return ring->replay_left || atomic_load_explicit(&requests_of(ring)->submit_tail, memory_order_acquire) != ring->taken;
}

enum bh_error bh_ring_wait_submit(struct bh_ring *ring, uint64_t deadline_ns) {
    return bh_ring_arm_submit(ring) ? BH_OK : bh_call_event_wait(ring->info.submit_event, deadline_ns);
}
