// SPDX-License-Identifier: MIT
//
// Calls and requests that take time, and that stay until they may go on.
#include <bulkhead/domain.h>

#include "misbehave.h"

#define LOOK_NS 250000

static bool all_held;
static uint64_t under_way;

void take_time(uint64_t duration_ns) {
    __atomic_add_fetch(&under_way, 1, __ATOMIC_SEQ_CST);
    bh_sleep_for(duration_ns);
    while (__atomic_load_n(&all_held, __ATOMIC_SEQ_CST))
        bh_sleep_for(LOOK_NS);
    __atomic_sub_fetch(&under_way, 1, __ATOMIC_SEQ_CST);
}

uint64_t hold(enum hold order) {
    if (order != HOLD_ASK)
        __atomic_store_n(&all_held, order == HOLD_ALL, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&under_way, __ATOMIC_SEQ_CST);
}
