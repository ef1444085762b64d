// SPDX-License-Identifier: MIT
//
// The client's side of a ring. Its request slots that are in flight are the log: what a server has not completed when it dies stays there and
// comes out of bh_ring_take() of its successor first. The server's index is read again only when what it promised is used up.
#include "runtime/ring_sides.h"

// From now on no completion of an earlier epoch is taken, so that a new server can read the log.
static void acknowledge_epoch(struct bh_ring *ring) {
    atomic_store_explicit(&requests_of(ring)->epoch_seen, ring->epoch, memory_order_release);
    (void)bh_call_event_signal(ring->info.submit_event);
}

// A client that comes back: requests of its former life that are in flight stay so, without an owner. One whose submission was not
// announced any more is free: no server takes it.
void bh_ring_adopt_requests(struct bh_ring *ring) {
    uint32_t tail = atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire);
    ring->posted = atomic_load_explicit(&requests_of(ring)->submit_tail, memory_order_relaxed);
    for (uint32_t i = 0; i < ring->info.entry_count; i++) {
        struct bh_ring_slot *slot = slot_of(ring, i);
        bool announced = slot->sequence && (int32_t)((uint32_t)slot->sequence - ring->posted) <= 0;
        if (announced && slot->sequence > ring->sequence)
            ring->sequence = slot->sequence;
        if (atomic_load_explicit(&slot->state, memory_order_relaxed) == BH_SLOT_FREE)
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
    ring->taken = ring->peer_tail = tail < ring->info.entry_count ? 0 : tail - ring->info.entry_count;
    ring->stale_until = ring->doubtful_until = tail;
    acknowledge_epoch(ring);
}

// ---- submitting

static uint32_t find_free(struct bh_ring *ring) {
    uint32_t candidate = ring->free_hint;
    while (ring->sequences[candidate])
        candidate = (candidate + 1) & ring->mask;
    ring->free_hint = (candidate + 1) & ring->mask;
    return candidate;
}

// Write one request; nobody sees it before the tail moves past it.
static uint32_t place(struct bh_ring *ring, const void *request) {
    uint32_t index = find_free(ring);
    struct bh_ring_slot *slot = slot_of(ring, index);
    ring->sequences[index] = slot->sequence = ++ring->sequence;
    copy_payload(slot + 1, request, ring->info.request_size);
    atomic_store_explicit(&slot->state, BH_SLOT_BUSY, memory_order_release);
    atomic_store_explicit(order_of(ring, ring->posted), index, memory_order_relaxed);
    ring->posted++;
    ring->in_flight++;
    return index;
}

uint32_t bh_ring_submit_batch(struct bh_ring *ring, const void *requests, uint32_t count, uint32_t *slots) {
    uint32_t room = ring->info.entry_count - ring->in_flight;
    if (count > room)
        count = room;
    for (uint32_t i = 0; i < count; i++)
        slots[i] = place(ring, payload_at(requests, i, ring->info.request_size));
    if (count)
        atomic_store_explicit(&requests_of(ring)->submit_tail, ring->posted, memory_order_release);
    return count;
}

enum bh_error bh_ring_submit(struct bh_ring *ring, const void *request, uint32_t *slot) {
    return bh_ring_submit_batch(ring, request, 1, slot) ? BH_OK : BH_EAGAIN;
}

void bh_ring_submit_notify(struct bh_ring *ring) {
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t wish = atomic_load_explicit(&completions_of(ring)->submit_event, memory_order_relaxed);
    if (passed(wish, ring->posted, ring->notified))
        (void)bh_call_event_signal(ring->info.submit_event);
    ring->notified = ring->posted;
}

enum bh_error bh_ring_cancel(struct bh_ring *ring, uint32_t slot) {
    if (slot >= ring->info.entry_count || !ring->sequences[slot])
        return BH_ENOENT;
    atomic_store_explicit(&slot_of(ring, slot)->state, BH_SLOT_CANCEL, memory_order_release);
    return BH_OK;
}

// ---- taking completions

// Has it changed? Then completions come anew.
static bool see_epoch(struct bh_ring *ring) {
    uint32_t epoch = atomic_load_explicit(&header_of(ring)->epoch, memory_order_acquire);
    if (epoch == ring->epoch)
        return false;
    ring->epoch = epoch;
    ring->taken = ring->peer_tail = 0;
    ring->stale_until = ring->doubtful_until = 0;
    ring->accused = false;
    acknowledge_epoch(ring);
    return true;
}

// What makes no sense was written by a liar, or zeroed by the kernel since we looked at the epoch: then look again (BH_ECANCELED). Who has lied
// once is told on once, and not believed any more: whatever it writes, nothing is taken before its successor is there.
static enum bh_error accuse_server(struct bh_ring *ring, uint64_t value, const char *what) {
    if (see_epoch(ring))
        return BH_ECANCELED;
    ring->accused = true;
    return accuse(ring, value, what);
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
        copy_payload(completion, entry + 1, ring->info.completion_size);
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

// Is there one to take? BH_ECANCELED: look again.
static enum bh_error look(struct bh_ring *ring) {
    if (ring->accused)
        return BH_EPROTO;
    bool stale = before(ring->taken, ring->stale_until);
    if (ring->peer_tail == ring->taken || stale)
        ring->peer_tail = atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire);
    uint32_t tail = ring->peer_tail, ready = tail - ring->taken;
    if (!ready)
        return BH_EAGAIN;
    if (ready <= ring->info.entry_count)
        return BH_OK;
    // One lap behind after attaching, while the server goes on: what it wrote over was taken in our former life.
    if (!stale || tail - ring->stale_until > ring->info.entry_count)
        return accuse_server(ring, tail, "completion index");
    ring->taken = tail - ring->info.entry_count;
    return BH_OK;
}

static enum bh_error complete(struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion) {
    enum bh_error error;
    do {
        error = look(ring);
        if (!error)
            error = take_completion(ring, slot, status, completion);
    } while (error == BH_ECANCELED);
    return error;
}

enum bh_error bh_ring_complete(struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion) {
    (void)see_epoch(ring);
    return complete(ring, slot, status, completion);
}

enum bh_error bh_ring_complete_batch(struct bh_ring *ring, uint32_t most, uint32_t *slots, enum bh_error *statuses, void *completions,
                                     uint32_t *count) {
    uint32_t done = 0;
    enum bh_error error = BH_EAGAIN;
    (void)see_epoch(ring);
    while (done < most && !(error = complete(ring, &slots[done], &statuses[done], payload_at(completions, done, ring->info.completion_size))))
        done++;
    if (!done)
        return error;
    *count = done;
    return BH_OK;
}

bool bh_ring_arm_completion(struct bh_ring *ring) {
    (void)see_epoch(ring);
    atomic_store_explicit(&requests_of(ring)->completion_event, ring->taken, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    return !ring->accused && atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire) != ring->taken;
}

enum bh_error bh_ring_wait_completion(struct bh_ring *ring, uint64_t deadline_ns) {
    return bh_ring_arm_completion(ring) ? BH_OK : bh_call_event_wait(ring->info.completion_event, deadline_ns);
}
