// SPDX-License-Identifier: MIT
//
// The client's side of a ring. Its request slots that are in flight are the log: what a server has not completed when it dies stays there and
// comes out of bh_ring_take() of its successor first. The server's index is read again only when what it promised is used up.
#include "runtime/ring_sides.h"

// The server is dead, and nobody starts it but an operator.
static bool given_up(const struct bh_ring *ring) {
    return __builtin_expect(atomic_load_explicit(&header_of(ring)->given_up, memory_order_acquire), 0);
}

// From now on no completion of an earlier epoch is taken, so that a new server can read the log.
static void acknowledge_epoch(struct bh_ring *ring) {
    atomic_store_explicit(&requests_of(ring)->epoch_seen, ring->epoch, memory_order_release);
    (void)bh_call_event_signal(ring->info.submit_event);
}

// A client that comes back: requests of its former life that are in flight stay so. One whose submission was not announced any more is free:
// no server takes it; likewise one that the client does not want any more, since it had its completion.
void bh_ring_adopt_requests(struct bh_ring *ring, bh_ring_wanted *wanted, void *context) {
    uint32_t tail = atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire);
    ring->posted = atomic_load_explicit(&requests_of(ring)->submit_tail, memory_order_relaxed);
    for (uint32_t i = 0; i < ring->info.entry_count; i++) {
        struct bh_ring_slot *slot = slot_of(ring, i);
        bool announced = slot->sequence && (int32_t)((uint32_t)slot->sequence - ring->posted) <= 0;
        if (announced && slot->sequence > ring->sequence)
            ring->sequence = slot->sequence;
        if (atomic_load_explicit(&slot->state, memory_order_relaxed) == BH_SLOT_FREE)
            continue;
        if (!announced || (wanted && !wanted(context, i, slot->sequence))) {
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

// What stands in locals stays in registers: the compiler cannot know that payloads do not overlap with *ring.
RING_LOOP uint32_t submit(struct bh_ring *ring, const void *requests, uint32_t count, uint32_t *slots, uint32_t size) {
    const uint32_t room = ring->info.entry_count - ring->in_flight, mask = ring->mask, stride = slot_stride(size);
    uint32_t candidate = ring->free_hint, posted = ring->posted;
    uint64_t sequence = ring->sequence;
    if (count > room)
        count = room;
    for (uint32_t i = 0; i < count; i++) {
        while (ring->sequences[candidate & mask])
            candidate++;
        uint32_t index = candidate++ & mask;
        struct bh_ring_slot *slot = slot_at(ring, index, stride);
        ring->sequences[index] = slot->sequence = ++sequence;
        copy_payload(slot + 1, payload_at(requests, i, size), size);
        atomic_store_explicit(&slot->state, BH_SLOT_BUSY, memory_order_release);
        atomic_store_explicit(order_of(ring, posted++), index, memory_order_relaxed);
        slots[i] = index;
    }
    if (!count)
        return 0;
    ring->free_hint = candidate & mask;
    ring->sequence = sequence;
    ring->posted = posted;
    ring->in_flight += count;
    atomic_store_explicit(&requests_of(ring)->submit_tail, posted, memory_order_release); // nobody sees them before
    return count;
}

uint32_t bh_ring_submit_batch(struct bh_ring *ring, const void *requests, uint32_t count, uint32_t *slots) {
    uint32_t size = ring->info.request_size;
    return size == RING_SMALL ? submit(ring, requests, count, slots, RING_SMALL) : submit(ring, requests, count, slots, size);
}

bool bh_ring_next(struct bh_ring *ring, uint32_t *slot, uint64_t *sequence) {
    if (ring->in_flight == ring->info.entry_count)
        return false;
    while (ring->sequences[ring->free_hint])
        ring->free_hint = (ring->free_hint + 1) & ring->mask;
    *slot = ring->free_hint;
    *sequence = ring->sequence + 1;
    return true;
}

bool bh_ring_is_in_flight(const struct bh_ring *ring, uint32_t slot, uint64_t sequence) {
    return slot < ring->info.entry_count && sequence && ring->sequences[slot] == sequence;
}

enum bh_error bh_ring_submit(struct bh_ring *ring, const void *request, uint32_t *slot) {
    return bh_ring_submit_batch(ring, request, 1, slot) ? BH_OK : BH_EAGAIN;
}

void bh_ring_submit_notify(struct bh_ring *ring) {
    if (peer_wants_event(ring, &completions_of(ring)->submit_event))
        (void)bh_call_event_signal(ring->info.submit_event);
    if (given_up(ring)) // who waits for the answer is to see that there is none
        (void)bh_call_event_signal(ring->info.completion_event);
}

enum bh_error bh_ring_cancel(struct bh_ring *ring, uint32_t slot) {
    if (slot >= ring->info.entry_count || !ring->sequences[slot])
        return BH_ENOENT;
    atomic_store_explicit(&slot_of(ring, slot)->state, BH_SLOT_CANCEL, memory_order_release);
    return BH_OK;
}

enum bh_error bh_ring_request(const struct bh_ring *ring, uint32_t slot, void *request) {
    if (slot >= ring->info.entry_count || !ring->sequences[slot])
        return BH_ENOENT;
    copy_payload(request, slot_of(ring, slot) + 1, ring->info.request_size);
    return BH_OK;
}

// ---- taking completions

void bh_ring_release(struct bh_ring *ring, uint32_t slot) {
    atomic_store_explicit(&slot_of(ring, slot)->state, BH_SLOT_FREE, memory_order_release);
}

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

// Its image is new and not kept yet, and it answers with an error: the kernel puts the one before it in its place, to which the request is still in flight.
// False: it was kept just now, and the error counts.
static bool distrust_server(struct bh_ring *ring, enum bh_error code) {
    static const char what[] = "answers with error";
    (void)bh_call_ring_accuse(ring->cap, (uint64_t)-code, what, sizeof(what) - 1, ring->epoch | BH_ACCUSE_TRIAL);
    return see_epoch(ring);
}

// A completion that is no success. BH_OK: the client is to have it.
[[gnu::noinline]] static enum bh_error doubt(struct bh_ring *ring, int32_t code) {
    if (!bh_ring_status_is_one(code))
        return accuse_server(ring, (uint32_t)code, "completion with a status that is none");
    bool on_trial = code != BH_ECANCELED && atomic_load_explicit(&header_of(ring)->trial, memory_order_acquire);
    return on_trial && distrust_server(ring, (enum bh_error)code) ? BH_ECANCELED : BH_OK;
}

static bool before(uint32_t index, uint32_t limit) {
    return (int32_t)(limit - index) > 0;
}

// A completion of what is not in flight, says our note. The log says it, too: only this side writes either.
[[gnu::noinline]] static enum bh_error refuse_completion(struct bh_ring *ring, uint32_t slot) {
    uint64_t noted = ring->sequences[slot], logged = slot_of(ring, slot)->sequence;
    check_notes(ring);
    if (noted && noted != logged)
        bh_panic("ring: request %llu is in slot %u, and %llu is noted", (unsigned long long)logged, slot, (unsigned long long)noted);
    return accuse_server(ring, slot, "completion of a request that is not in flight");
}

// One completion, copied out and checked. BH_ECANCELED: look again. In the lap that a returning client has behind it the server may be
// writing at this moment: then the sequence number, which is cleared first and written last, tells.
RING_LOOP enum bh_error take_completion(struct bh_ring *ring, bool stale, bool hold, uint32_t *out, enum bh_error *status, void *completion,
                                        uint32_t size) {
    struct bh_ring_completion *entry = completion_at(ring, ring->taken, entry_stride(size));
    uint64_t sequence = __atomic_load_n(&entry->sequence, __ATOMIC_ACQUIRE);
    uint32_t slot = *(volatile uint32_t *)&entry->slot;
    int32_t code = *(volatile int32_t *)&entry->status;
    if (slot >= ring->info.entry_count)
        return accuse_server(ring, slot, "completion of a slot that does not exist");
    if (!sequence || ring->sequences[slot] != sequence) {
        if (!before(ring->taken, ring->doubtful_until))
            return refuse_completion(ring, slot);
        if (!see_epoch(ring))
            ring->taken++;
        return BH_ECANCELED;
    }
    if (completion)
        copy_payload(completion, entry + 1, size);
    atomic_thread_fence(memory_order_acquire);
    if (*(volatile uint64_t *)&entry->sequence != sequence)
        return stale ? BH_ECANCELED : accuse_server(ring, slot, "completion that changes while it is read");
    enum bh_error doubtful = __builtin_expect(code != 0, 0) ? doubt(ring, code) : BH_OK;
    if (doubtful)
        return doubtful;
    if (stale) // it may have been the next lap's, a moment early: then it comes once more
        ring->doubtful_until = ring->taken + ring->info.entry_count + 1;
    ring->taken++;
    ring->sequences[slot] = 0;
    ring->in_flight--;
    if (!hold)
        bh_ring_release(ring, slot);
    *out = slot;
    *status = (enum bh_error)code;
    return BH_OK;
}

// How many are there to take, for certain in order and not of a former life; of that, one. BH_ECANCELED: look again.
static enum bh_error look(struct bh_ring *ring, uint32_t *ready, bool *stale) {
    *stale = before(ring->taken, ring->stale_until);
    if (ring->accused)
        return BH_EPROTO;
    if (ring->peer_tail == ring->taken || *stale)
        ring->peer_tail = atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire);
    uint32_t tail = ring->peer_tail;
    *ready = tail - ring->taken;
    if (!*ready)
        return BH_EAGAIN;
    if (*ready > ring->info.entry_count) {
        // One lap behind after attaching, while the server goes on: what it wrote over was taken in our former life.
        if (!*stale || tail - ring->stale_until > ring->info.entry_count)
            return accuse_server(ring, tail, "completion index");
        ring->taken = tail - ring->info.entry_count;
        *stale = before(ring->taken, ring->stale_until);
        *ready = ring->info.entry_count;
    }
    if (*stale)
        *ready = 1;
    return BH_OK;
}

// End what is in flight with BH_EDEAD, up to `most`; how many. A server that is started meanwhile reads the log only after we have seen its epoch: these are
// free by then.
static uint32_t fail_all(struct bh_ring *ring, uint32_t most, uint32_t *slots, enum bh_error *statuses, void *completions, bool hold) {
    uint32_t done = 0, size = ring->info.completion_size;
    for (uint32_t i = 0; i < ring->info.entry_count && done < most; i++) {
        if (!ring->sequences[i])
            continue;
        if (completions)
            memset(payload_at(completions, done, size), 0, size);
        ring->sequences[i] = 0;
        ring->in_flight--;
        if (!hold)
            bh_ring_release(ring, i);
        slots[done] = i;
        statuses[done++] = BH_EDEAD;
    }
    return done;
}

RING_LOOP enum bh_error complete(struct bh_ring *ring, uint32_t most, uint32_t *slots, enum bh_error *statuses, void *completions, uint32_t *count,
                                 bool hold, uint32_t size) {
    uint32_t done = 0, ready = 0;
    enum bh_error error = BH_EAGAIN;
    bool stale = false;
    (void)see_epoch(ring);
    while (done < most) {
        void *completion = payload_at(completions, done, size);
        error = ready ? BH_OK : look(ring, &ready, &stale);
        if (!error)
            error = stale ? take_completion(ring, true, hold, &slots[done], &statuses[done], completion, size)
                          : take_completion(ring, false, hold, &slots[done], &statuses[done], completion, size);
        if (!error) {
            done++;
            ready--;
        } else if (error == BH_ECANCELED)
            ready = 0;
        else
            break;
    }
    if (!done && error == BH_EAGAIN && given_up(ring))
        done = fail_all(ring, most, slots, statuses, completions, hold);
    if (!done)
        return error;
    *count = done;
    return BH_OK;
}

enum bh_error bh_ring_complete_batch(struct bh_ring *ring, uint32_t most, uint32_t *slots, enum bh_error *statuses, void *completions,
                                     uint32_t *count) {
    uint32_t size = ring->info.completion_size;
    return size == RING_SMALL ? complete(ring, most, slots, statuses, completions, count, false, RING_SMALL)
                              : complete(ring, most, slots, statuses, completions, count, false, size);
}

enum bh_error bh_ring_complete_held(struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion) {
    uint32_t count;
    return complete(ring, 1, slot, status, completion, &count, true, ring->info.completion_size);
}

enum bh_error bh_ring_complete(struct bh_ring *ring, uint32_t *slot, enum bh_error *status, void *completion) {
    uint32_t count;
    return bh_ring_complete_batch(ring, 1, slot, status, completion, &count);
}

// Events for the `count`th completion from now on: a wish in the future, that is all.
static bool arm(struct bh_ring *ring, uint32_t count) {
    (void)see_epoch(ring);
    count = count < ring->in_flight ? count : ring->in_flight;
    uint32_t wish = count ? ring->taken + count - 1 : ring->taken;
    atomic_store_explicit(&requests_of(ring)->completion_event, wish, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t tail = atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire);
    return (!ring->accused && tail != ring->taken && tail - ring->taken >= count) || (ring->in_flight && given_up(ring));
}

bool bh_ring_arm_completion(struct bh_ring *ring) {
    return arm(ring, 1);
}

enum bh_error bh_ring_wait_completions(struct bh_ring *ring, uint32_t count, uint64_t deadline_ns) {
    return arm(ring, count) ? BH_OK : bh_event_wait(ring->info.completion_event, deadline_ns);
}

enum bh_error bh_ring_wait_completion(struct bh_ring *ring, uint64_t deadline_ns) {
    return bh_ring_wait_completions(ring, 1, deadline_ns);
}
