// SPDX-License-Identifier: MIT
//
// A lock for the vmm's few threads: one atomic when free, sleeping on an event when not, so that threads of different
// priorities cannot starve each other.
#ifndef VMM_MUTEX_H
#define VMM_MUTEX_H

#include <stdint.h>
#include "bulkhead/thread.h"

struct mutex {
    _Atomic uint32_t state; // 0 free, 1 held, 2 held and perhaps waited for
    bh_cap event;
};

static inline enum bh_error mutex_create(struct mutex *mutex) {
    mutex->state = 0;
    return bh_event_create(&mutex->event);
}

static inline void mutex_lock(struct mutex *mutex) {
    uint32_t expected = 0;
    if (__c11_atomic_compare_exchange_strong(&mutex->state, &expected, 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__c11_atomic_exchange(&mutex->state, 2, __ATOMIC_ACQUIRE))
        if (bh_event_wait(mutex->event, 0))
            bh_yield();
}

static inline void mutex_unlock(struct mutex *mutex) {
    if (__c11_atomic_exchange(&mutex->state, 0, __ATOMIC_RELEASE) == 2 && bh_event_signal(mutex->event))
        bh_yield();
}

#endif
