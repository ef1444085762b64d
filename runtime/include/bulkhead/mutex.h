// SPDX-License-Identifier: MIT
//
// A lock between the threads of a domain: one atomic when free, sleeping on an event when not, so that threads of different
// priorities cannot starve each other.
#ifndef BULKHEAD_MUTEX_H
#define BULKHEAD_MUTEX_H

#include <stdint.h>
#include "bulkhead/domain.h"
#include "bulkhead/thread.h"

// Zero is not enough: bh_mutex_create() first.
struct bh_mutex {
    _Atomic uint32_t state; // 0 free, 1 held, 2 held and perhaps waited for
    bh_cap event;
};

// Make it, free. BH_EQUOTA when the domain may hold no more capabilities.
static inline enum bh_error bh_mutex_create(struct bh_mutex *mutex) {
    mutex->state = 0;
    return bh_event_create(&mutex->event);
}

// Sleep until it is free and take it, until `deadline_ns` (as of bh_event_wait) at the latest: BH_ETIMEDOUT, and it is not taken. Not to be held across a call
// into another domain. Panics when its state is none: a bit of it flipped, or somebody wrote over it, and whoever waited would wait for ever.
static inline enum bh_error bh_mutex_lock_by(struct bh_mutex *mutex, uint64_t deadline_ns) {
    uint32_t expected = 0;
    if (__c11_atomic_compare_exchange_strong(&mutex->state, &expected, 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return BH_OK;
    uint32_t before;
    while ((before = __c11_atomic_exchange(&mutex->state, 2, __ATOMIC_ACQUIRE))) {
        if (before > 2)
            bh_panic("a mutex holds %u: whoever had it has not given it back, and nobody ever will", before);
        enum bh_error error = bh_event_wait(mutex->event, deadline_ns);
        if (error == BH_ETIMEDOUT)
            return error;
        if (error)
            bh_yield();
    }
    return BH_OK;
}

// The same without a limit.
static inline void bh_mutex_lock(struct bh_mutex *mutex) {
    (void)bh_mutex_lock_by(mutex, 0);
}

// Give it back and wake one who waits.
static inline void bh_mutex_unlock(struct bh_mutex *mutex) {
    if (__c11_atomic_exchange(&mutex->state, 0, __ATOMIC_RELEASE) == 2 && bh_event_signal(mutex->event))
        bh_yield();
}

#endif
