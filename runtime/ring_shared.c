// SPDX-License-Identifier: MIT
//
// Several threads on the client's side of one ring. Invariant, whenever the lock is free: if anybody sleeps on an event of its own, somebody
// leads (sleeps on the ring's event), or one of the sleepers has been woken and will. tests/models/shared.pml is this.
#include "bulkhead/ring_shared.h"

#include <string.h>

#include "bulkhead/cap.h"

struct bh_ring_waiter {
    struct bh_ring_waiter *next;
    const struct bh_ring_ticket *ticket; // what it waits for, NULL: room
    bh_cap event;
    bool queued;
};

enum bh_error bh_ring_shared_attach(const char *name, struct bh_ring_shared *shared) {
    memset(shared, 0, sizeof(*shared));
    shared->last = &shared->first;
    enum bh_error error = bh_mutex_create(&shared->lock);
    if (error)
        return error;
    error = bh_ring_attach(name, &shared->ring);
    if (error)
        (void)bh_cap_drop(shared->lock.event);
    return error;
}

// ---- those who sleep

static enum bh_error take_event(struct bh_ring_shared *shared, bh_cap *event) {
    if (!shared->event_count)
        return bh_event_create(event);
    *event = shared->events[--shared->event_count];
    return BH_OK;
}

static void give_event(struct bh_ring_shared *shared, bh_cap event) {
    if (shared->event_count < BH_RING_SHARED_EVENTS)
        shared->events[shared->event_count++] = event;
    else
        (void)bh_cap_drop(event);
}

static void enqueue(struct bh_ring_shared *shared, struct bh_ring_waiter *waiter) {
    waiter->next = NULL;
    waiter->queued = true;
    *shared->last = waiter;
    shared->last = &waiter->next;
}

static void dequeue(struct bh_ring_shared *shared, struct bh_ring_waiter *waiter) {
    if (!waiter->queued)
        return;
    struct bh_ring_waiter **place = &shared->first;
    while (*place != waiter)
        place = &(*place)->next;
    *place = waiter->next;
    if (shared->last == &waiter->next)
        shared->last = place;
    waiter->queued = false;
}

static void wake(struct bh_ring_shared *shared, struct bh_ring_waiter *waiter) {
    dequeue(shared, waiter);
    (void)bh_event_signal(waiter->event);
}

// The first who waits for `ticket`, or for room.
static void wake_for(struct bh_ring_shared *shared, const struct bh_ring_ticket *ticket) {
    for (struct bh_ring_waiter *waiter = shared->first; waiter; waiter = waiter->next)
        if (waiter->ticket == ticket) {
            wake(shared, waiter);
            return;
        }
}

// ---- completions

// Take all there are and give each to its ticket. A breach by the server ends this; it is dead then, and its successor has the log.
static void collect(struct bh_ring_shared *shared) {
    uint8_t payload[BH_RING_ENTRY_SIZE_MAX];
    enum bh_error status;
    uint32_t slot;
    while (bh_ring_complete(&shared->ring, &slot, &status, payload) == BH_OK) {
        struct bh_ring_ticket *ticket = shared->tickets[slot];
        shared->tickets[slot] = NULL;
        wake_for(shared, NULL);
        if (!ticket)
            continue;
        if (ticket->completion)
            memcpy(ticket->completion, payload, shared->ring.info.completion_size);
        ticket->status = status;
        ticket->done = true;
        wake_for(shared, ticket);
    }
}

static bool is_ready(const struct bh_ring_shared *shared, const struct bh_ring_ticket *ticket) {
    return ticket ? ticket->done : shared->ring.in_flight < shared->ring.info.entry_count;
}

// Sleep once, without the lock: on the ring's event if nobody does, else on one of our own.
static enum bh_error sleep(struct bh_ring_shared *shared, struct bh_ring_waiter *waiter, uint64_t deadline_ns) {
    enum bh_error error = BH_OK;
    if (!shared->led) {
        bool work = bh_ring_arm_completion(&shared->ring);
        shared->led = true;
        bh_mutex_unlock(&shared->lock);
        if (!work)
            error = bh_event_wait(shared->ring.info.completion_event, deadline_ns);
        bh_mutex_lock(&shared->lock);
        shared->led = false;
        return error;
    }
    error = take_event(shared, &waiter->event);
    if (error)
        return error;
    enqueue(shared, waiter);
    bh_mutex_unlock(&shared->lock);
    error = bh_event_wait(waiter->event, deadline_ns);
    bh_mutex_lock(&shared->lock);
    // Woken and timed out at once: its event may still be signalled. Whoever gets it from the store then wakes for nothing.
    dequeue(shared, waiter);
    give_event(shared, waiter->event);
    return error;
}

// Wait, with the lock, for a ticket or for room (NULL).
static enum bh_error await(struct bh_ring_shared *shared, const struct bh_ring_ticket *ticket, uint64_t deadline_ns) {
    struct bh_ring_waiter waiter = {.ticket = ticket};
    enum bh_error error = BH_OK;
    collect(shared);
    while (!error && !is_ready(shared, ticket)) {
        error = sleep(shared, &waiter, deadline_ns);
        collect(shared);
    }
    if (is_ready(shared, ticket))
        error = BH_OK;
    if (!shared->led && shared->first) // somebody must
        wake(shared, shared->first);
    return error;
}

// ---- what threads call

enum bh_error bh_ring_shared_submit(struct bh_ring_shared *shared, const void *request, void *completion, struct bh_ring_ticket *ticket,
                                    uint64_t deadline_ns) {
    *ticket = (struct bh_ring_ticket){.completion = completion};
    bh_mutex_lock(&shared->lock);
    enum bh_error error = is_ready(shared, NULL) ? BH_OK : await(shared, NULL, deadline_ns);
    if (!error)
        error = bh_ring_submit(&shared->ring, request, &ticket->slot);
    if (!error) {
        shared->tickets[ticket->slot] = ticket;
        bh_ring_submit_notify(&shared->ring);
    }
    bh_mutex_unlock(&shared->lock);
    return error;
}

enum bh_error bh_ring_shared_wait(struct bh_ring_shared *shared, struct bh_ring_ticket *ticket, uint64_t deadline_ns) {
    bh_mutex_lock(&shared->lock);
    enum bh_error error = await(shared, ticket, deadline_ns);
    bh_mutex_unlock(&shared->lock);
    return error;
}

enum bh_error bh_ring_shared_cancel(struct bh_ring_shared *shared, struct bh_ring_ticket *ticket) {
    bh_mutex_lock(&shared->lock);
    enum bh_error error = ticket->done ? BH_ENOENT : bh_ring_cancel(&shared->ring, ticket->slot);
    bh_mutex_unlock(&shared->lock);
    return error;
}

void bh_ring_shared_forget(struct bh_ring_shared *shared, struct bh_ring_ticket *ticket) {
    bh_mutex_lock(&shared->lock);
    if (!ticket->done)
        shared->tickets[ticket->slot] = NULL;
    bh_mutex_unlock(&shared->lock);
}

enum bh_error bh_ring_shared_call(struct bh_ring_shared *shared, const void *request, void *completion, uint64_t deadline_ns) {
    struct bh_ring_ticket ticket;
    enum bh_error error = bh_ring_shared_submit(shared, request, completion, &ticket, deadline_ns);
    if (error)
        return error;
    error = bh_ring_shared_wait(shared, &ticket, deadline_ns);
    if (!error)
        return ticket.status;
    (void)bh_ring_shared_cancel(shared, &ticket);
    bh_ring_shared_forget(shared, &ticket);
    return error;
}
