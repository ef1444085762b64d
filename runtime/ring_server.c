// SPDX-License-Identifier: MIT
//
// The server's side of a ring: what its predecessor left in the log first, then what is submitted. The client's index is read again only when
// what it promised is used up; a request that its client has cancelled is answered here, and the server never sees it.
#include "bulkhead/domain.h"
#include "runtime/ring_sides.h"

// The log is what is in flight now; everything submitted up to now is in it.
void bh_ring_adopt_log(struct bh_ring *ring) {
    ring->taken = atomic_load_explicit(&requests_of(ring)->submit_tail, memory_order_acquire);
    ring->peer_tail = ring->replay_tail = ring->taken;
    ring->replay_left = ring->info.entry_count;
}

// Until the client has seen our epoch it may still free slots of the log for what our predecessor answered. It does not take that back.
static bool acknowledged(struct bh_ring *ring) {
    if (!ring->acknowledged)
        ring->acknowledged = atomic_load_explicit(&requests_of(ring)->epoch_seen, memory_order_acquire) == ring->epoch;
    return ring->acknowledged;
}

// ---- taking requests

// Copy request `index` out if it is in flight: its state as it was before, else BH_SLOT_FREE. The client is not trusted either: sequence and
// state are its own words.
RING_LOOP uint32_t copy_request(struct bh_ring *ring, uint32_t index, void *request, uint32_t size) {
    struct bh_ring_slot *slot = slot_at(ring, index, slot_stride(size));
    uint32_t state = atomic_load_explicit(&slot->state, memory_order_acquire);
    uint64_t sequence = *(volatile uint64_t *)&slot->sequence;
    if ((state != BH_SLOT_BUSY && state != BH_SLOT_CANCEL) || !sequence)
        return BH_SLOT_FREE;
    copy_payload(request, slot + 1, size);
    ring->sequences[index] = sequence;
    ring->in_flight++;
    return state;
}

// The oldest request of the log that was not replayed yet: the smallest sequence above the last one. A cancelled one is replayed like any
// other: our predecessor may have begun it.
static bool take_replay(struct bh_ring *ring, uint32_t *out, void *request) {
    while (ring->replay_left) {
        uint32_t best = ring->info.entry_count;
        uint64_t best_sequence = ~0ull;
        for (uint32_t i = 0; i < ring->info.entry_count; i++) {
            struct bh_ring_slot *slot = slot_of(ring, i);
            uint32_t state = atomic_load_explicit(&slot->state, memory_order_acquire);
            uint64_t sequence = *(volatile uint64_t *)&slot->sequence; // after its state: it may just be used anew
            if ((state == BH_SLOT_BUSY || state == BH_SLOT_CANCEL) && !ring->sequences[i] && sequence > ring->sequence &&
                sequence < best_sequence && (int32_t)(ring->replay_tail - (uint32_t)sequence) >= 0) {
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
        if (copy_request(ring, best, request, ring->info.request_size) == BH_SLOT_FREE)
            continue;
        ring->replayed++;
        *out = best;
        return true;
    }
    return false;
}

// Who is about to be called a liar is judged once more, from the same values and by other code: one instruction in which a bit flipped would call every request a lie, and
// forget it.
[[gnu::noinline]] static bool tail_is_right(const struct bh_ring *ring, uint32_t tail) {
    return tail - ring->taken <= ring->info.entry_count;
}

[[gnu::noinline]] static bool index_is_right(const struct bh_ring *ring, uint32_t index) {
    return index < ring->info.entry_count && !ring->sequences[index];
}

// How many submissions are there to take, for certain?
static enum bh_error look(struct bh_ring *ring, uint32_t *ready) {
    if (ring->peer_tail == ring->taken)
        ring->peer_tail = atomic_load_explicit(&requests_of(ring)->submit_tail, memory_order_acquire);
    uint32_t tail = ring->peer_tail;
    *ready = tail - ring->taken;
    if (*ready <= ring->info.entry_count)
        return *ready ? BH_OK : BH_EAGAIN;
    if (tail_is_right(ring, tail))
        bh_panic("ring: submission index %u is right, and was found wrong", tail);
    ring->taken = tail; // what it submitted is lost, so that its next lie is another one and we do not go on about this one
    return accuse(ring, tail, "submission index");
}

// One of them. BH_ECANCELED: its client does not want it any more; it is in hand, as if taken.
RING_LOOP enum bh_error take_next(struct bh_ring *ring, uint32_t *out, void *request, uint32_t size) {
    uint32_t index = atomic_load_explicit(order_of(ring, ring->taken), memory_order_relaxed);
    ring->taken++;
    if (index >= ring->info.entry_count || ring->sequences[index]) {
        check_notes(ring); // who is refused for ours would wait for ever; our successor finds the request in the log
        if (index_is_right(ring, index))
            bh_panic("ring: the submission of slot %u is right, and was found wrong", index);
        return accuse(ring, index, "submission of a slot that does not exist or is in flight");
    }
    uint32_t state = copy_request(ring, index, request, size);
    if (state == BH_SLOT_FREE)
        return accuse(ring, index, "submission of a slot that is free");
    *out = index;
    return state == BH_SLOT_CANCEL ? BH_ECANCELED : BH_OK;
}

const volatile void *bh_ring_entry(const struct bh_ring *ring, uint32_t slot) {
    if (slot >= ring->info.entry_count)
        return NULL;
    const struct bh_ring_slot *entry = slot_of(ring, slot);
    uint64_t sequence = *(const volatile uint64_t *)&entry->sequence;
    return sequence && sequence == ring->sequences[slot] ? entry + 1 : NULL;
}

// ---- completing them

// Write completion number `index`; nobody sees it before the tail moves past it.
RING_LOOP void answer(struct bh_ring *ring, uint32_t index, uint32_t slot, enum bh_error status, const void *completion, uint32_t size) {
    struct bh_ring_completion *entry = completion_at(ring, index, entry_stride(size));
    __atomic_store_n(&entry->sequence, 0, __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_release);
    entry->slot = slot;
    entry->status = status;
    if (completion)
        copy_payload(entry + 1, completion, size);
    __atomic_store_n(&entry->sequence, ring->sequences[slot], __ATOMIC_RELEASE);
    ring->sequences[slot] = 0;
    ring->in_flight--;
}

static void publish(struct bh_ring *ring, uint32_t posted) {
    ring->posted = posted;
    atomic_store_explicit(&completions_of(ring)->completion_tail, ring->posted, memory_order_release);
}

RING_LOOP enum bh_error finish(struct bh_ring *ring, uint32_t count, const uint32_t *slots, const enum bh_error *statuses, const void *completions,
                               uint32_t size) {
    uint32_t done = 0;
    for (; done < count && slots[done] < ring->info.entry_count && ring->sequences[slots[done]]; done++)
        answer(ring, ring->posted + done, slots[done], statuses ? statuses[done] : BH_OK, payload_at(completions, done, size), size);
    if (done)
        publish(ring, ring->posted + done);
    return done == count ? BH_OK : BH_EINVAL;
}

enum bh_error bh_ring_finish_batch(struct bh_ring *ring, uint32_t count, const uint32_t *slots, const enum bh_error *statuses,
                                   const void *completions) {
    uint32_t size = ring->info.completion_size;
    return size == RING_SMALL ? finish(ring, count, slots, statuses, completions, RING_SMALL) : finish(ring, count, slots, statuses, completions, size);
}

enum bh_error bh_ring_finish(struct bh_ring *ring, uint32_t slot, enum bh_error status, const void *completion) {
    return bh_ring_finish_batch(ring, 1, &slot, &status, completion);
}

void bh_ring_end_batch(struct bh_ring *ring, uint32_t count, const uint32_t *slots, const enum bh_error *statuses, const void *completions) {
    if (bh_ring_finish_batch(ring, count, slots, statuses, completions))
        bh_panic("ring: of %u requests, in slot %u and so on, not all are in hand, and cannot be completed", count, slots[0]);
}

void bh_ring_end(struct bh_ring *ring, uint32_t slot, enum bh_error status, const void *completion) {
    bh_ring_end_batch(ring, 1, &slot, &status, completion);
}

void bh_ring_finish_notify(struct bh_ring *ring) {
    // An event that this domain does not hold: its copy of the number is broken, and the client would sleep for ever.
    if (peer_wants_event(ring, &requests_of(ring)->completion_event) && bh_call_event_signal(ring->info.completion_event) == BH_ECAP)
        bh_panic("ring: the client's event, %u, is no capability of this domain", ring->info.completion_event);
}

// Those of the log, as far as they go.
static uint32_t take_log(struct bh_ring *ring, uint32_t most, uint32_t *slots, void *requests) {
    uint32_t done = 0;
    while (done < most && ring->replay_left && take_replay(ring, &slots[done], payload_at(requests, done, ring->info.request_size)))
        done++;
    return done;
}

RING_LOOP enum bh_error take(struct bh_ring *ring, uint32_t most, uint32_t *slots, void *requests, uint32_t *count, uint32_t size) {
    uint32_t done = 0, cancelled = 0, ready = 0;
    enum bh_error error = BH_EAGAIN;
    if (!acknowledged(ring))
        return BH_EAGAIN;
    if (ring->replay_left)
        done = take_log(ring, most, slots, requests);
    while (done < most && cancelled < ring->info.entry_count) { // or a client that cancels all it submits would keep us here
        if (!ready && (error = look(ring, &ready)))
            break;
        ready--;
        error = take_next(ring, &slots[done], payload_at(requests, done, size), size);
        if (error == BH_OK)
            done++;
        else if (error == BH_ECANCELED) {
            answer(ring, ring->posted + cancelled, slots[done], BH_ECANCELED, NULL, ring->info.completion_size);
            cancelled++;
        } else
            break;
    }
    if (cancelled) { // nobody else does, if that was all
        ring->cancelled += cancelled;
        publish(ring, ring->posted + cancelled);
        bh_ring_finish_notify(ring);
    }
    if (!done)
        return error == BH_ECANCELED ? BH_EAGAIN : error;
    *count = done;
    return BH_OK;
}

enum bh_error bh_ring_take_batch(struct bh_ring *ring, uint32_t most, uint32_t *slots, void *requests, uint32_t *count) {
    uint32_t size = ring->info.request_size;
    return size == RING_SMALL ? take(ring, most, slots, requests, count, RING_SMALL) : take(ring, most, slots, requests, count, size);
}

enum bh_error bh_ring_take(struct bh_ring *ring, uint32_t *slot, void *request) {
    uint32_t count;
    return bh_ring_take_batch(ring, 1, slot, request, &count);
}

// ---- waiting

bool bh_ring_arm_submit(struct bh_ring *ring) {
    atomic_store_explicit(&completions_of(ring)->submit_event, ring->taken, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (!acknowledged(ring)) // it signals when it has
        return false;
    return ring->replay_left || atomic_load_explicit(&requests_of(ring)->submit_tail, memory_order_acquire) != ring->taken;
}

enum bh_error bh_ring_wait_submit(struct bh_ring *ring, uint64_t deadline_ns) {
    return bh_ring_arm_submit(ring) ? BH_OK : bh_event_wait(ring->info.submit_event, deadline_ns);
}
