// SPDX-License-Identifier: MIT
//
// A client that does not rely on being told. Between arming and a look that finds something there was a signal due, unless it is under way at that very moment, which it
// is not several times in a row.
#include "runtime/ring_sides.h"

#define LOOK_NS 100000000ull
#define UNTOLD_MAX 3

enum bh_error bh_ring_watch_completion(struct bh_ring *ring) {
    if (bh_ring_arm_completion(ring))
        return BH_OK;
    enum bh_error error = bh_event_wait(ring->info.completion_event, bh_time_ns() + LOOK_NS);
    if (error != BH_ETIMEDOUT) {
        ring->untold = 0;
        return error;
    }
    bool any = bh_ring_arm_completion(ring) && atomic_load_explicit(&completions_of(ring)->completion_tail, memory_order_acquire) != ring->taken;
    if (!any || ++ring->untold < UNTOLD_MAX)
        return BH_OK;
    (void)accuse(ring, ring->untold, "completions that it does not tell of"); // they are good, so it is believed all the same
    ring->untold = 0;
    return BH_OK;
}
