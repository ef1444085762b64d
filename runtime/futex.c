// SPDX-License-Identifier: MIT
//
// Waiting for a word to change, for musl's locks: a list of those who wait, and one event for each, taken from a store while it waits. An event
// may be signalled late, after its wait timed out: whoever has it then wakes for nothing, which is allowed.
#include <errno.h>
#include <limits.h>
#include <time.h>

#include "runtime/calls.h"
#include "runtime/libc.h"

#define OPERATION_WAIT 0
#define OPERATION_WAKE 1
#define OPERATION_REQUEUE 3
#define OPERATION_MASK 0x7f // without the flags that say who shares the word, and which clock counts
#define STORE_SIZE 32
#define SECOND_NS 1000000000ull
#define POLL_NS 1000000ull

struct waiter {
    struct waiter *next;
    const uint32_t *word;
    bh_cap event;
    bool woken;
};

static struct libc_lock lock;
static struct waiter *waiters, **last = &waiters;
static bh_cap store[STORE_SIZE];
static unsigned stored;

static void append(struct waiter *waiter) {
    waiter->next = NULL;
    *last = waiter;
    last = &waiter->next;
}

static void take_out(struct waiter **place) {
    if (last == &(*place)->next)
        last = place;
    *place = (*place)->next;
}

static bool take_event(bh_cap *event) {
    if (stored) {
        *event = store[--stored];
        return true;
    }
    return bh_call_event_create(event) == BH_OK;
}

static void give_event(bh_cap event) {
    if (stored < STORE_SIZE)
        store[stored++] = event;
    else
        (void)bh_call_cap_drop(event);
}

static uint64_t deadline_of(const struct timespec *timeout) {
    return timeout ? bh_call_time() + (uint64_t)timeout->tv_sec * SECOND_NS + (uint64_t)timeout->tv_nsec : 0;
}

static void remove_waiter(const struct waiter *waiter) {
    for (struct waiter **place = &waiters; *place; place = &(*place)->next)
        if (*place == waiter) {
            take_out(place);
            return;
        }
}

static long wait(const uint32_t *word, uint32_t value, const struct timespec *timeout) {
    uint64_t deadline = deadline_of(timeout);
    struct waiter self = {.word = word};
    libc_lock(&lock);
    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) {
        libc_unlock(&lock);
        return -EAGAIN;
    }
    if (!take_event(&self.event)) { // no capability left: look again later
        libc_unlock(&lock);
        bh_call_sleep(bh_call_time() + POLL_NS);
        return deadline && bh_call_time() >= deadline ? -ETIMEDOUT : 0;
    }
    append(&self);
    libc_unlock(&lock);
    enum bh_error error = bh_call_event_wait(self.event, deadline);
    libc_lock(&lock);
    if (!self.woken)
        remove_waiter(&self);
    give_event(self.event);
    libc_unlock(&lock);
    return error == BH_ETIMEDOUT && !self.woken ? -ETIMEDOUT : 0;
}

// Wake up to `count' that wait for `word'; of the rest, let up to `move' wait for `other'.
static long wake(const uint32_t *word, uint32_t count, uint32_t move, const uint32_t *other) {
    bh_cap events[STORE_SIZE];
    uint32_t woken = 0, moved = 0;
    libc_lock(&lock);
    for (struct waiter **place = &waiters; *place;) {
        struct waiter *waiter = *place;
        if (waiter->word != word) {
            place = &waiter->next;
        } else if (woken < count && woken < STORE_SIZE) {
            take_out(place);
            waiter->woken = true;
            events[woken++] = waiter->event;
        } else {
            if (moved < move) {
                waiter->word = other;
                moved++;
            }
            place = &waiter->next;
        }
    }
    libc_unlock(&lock);
    for (uint32_t i = 0; i < woken; i++)
        (void)bh_call_event_signal(events[i]);
    return woken;
}

long libc_futex(uint32_t *word, int operation, uint32_t value, uint64_t timeout_or_count, uint32_t *other) {
    switch (operation & OPERATION_MASK) {
    case OPERATION_WAIT:
        return wait(word, value, (const struct timespec *)timeout_or_count);
    case OPERATION_WAKE:
        return wake(word, value, 0, NULL);
    case OPERATION_REQUEUE:
        return wake(word, value, (uint32_t)timeout_or_count, other);
    default:
        return -ENOSYS;
    }
}
