// SPDX-License-Identifier: MIT
//
// A client that looks by itself: a server that works and tells nobody is found out, and no other.
#include "ring_world.h"

uint64_t bh_time_ns(void) {
    return 0;
}

static void serve_silently(void) {
    cr_assert(serve_one());
}

static void wait_for_one(uint64_t number) {
    uint32_t slot;
    uint64_t value;
    cr_assert_eq(submit(number, &slot), BH_OK);
    cr_assert_eq(bh_ring_watch_completion(&client), BH_OK);
    cr_assert(collect_one(&value));
    cr_assert_eq(value, number);
}

Test(ring, a_server_that_tells_nobody_is_reported_and_its_completions_are_taken, .init = set_up) {
    during_wait = serve_silently;
    for (uint64_t i = 0; i < 2; i++)
        wait_for_one(i);
    cr_assert_eq(accusations, 0);
    wait_for_one(2);
    cr_assert_eq(accusations, 1);
    cr_assert(strstr(accused_of, "does not tell"), "%s", accused_of);
    wait_for_one(3);
    cr_assert_eq(accusations, 1, "the count does not begin anew");
}

Test(ring, one_that_tells_now_and_then_is_not, .init = set_up) {
    during_wait = serve_silently;
    for (uint64_t i = 0; i < 40; i++) {
        wait_result = i % 3 == 2 ? BH_OK : BH_ETIMEDOUT;
        wait_for_one(i);
    }
    cr_assert_eq(accusations, 0);
}

Test(ring, one_that_has_completed_nothing_may_take_its_time, .init = set_up) {
    uint32_t slot;
    cr_assert_eq(submit(1, &slot), BH_OK);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(bh_ring_watch_completion(&client), BH_OK);
    cr_assert_eq(accusations, 0);
}
