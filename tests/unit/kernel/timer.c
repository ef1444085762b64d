// SPDX-License-Identifier: MIT
//
// The list of sleepers: soonest first, equal deadlines in order of arrival, everybody woken once.
#include "kernel/sched/sched.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct thread threads[100];
static struct thread *woken[200];
static size_t woken_count;

// As kernel/sched/wait.c does, as far as timers see it.
void thread_wake(struct thread *thread, enum bh_error result) {
    cr_assert_eq(result, BH_ETIMEDOUT);
    timer_remove(thread);
    woken[woken_count++] = thread;
}

Test(timer, nobody_sleeps_at_first) {
    cr_assert_eq(timer_next(NULL), 0);
    timer_expire(~0ull);
    cr_assert_eq(woken_count, 0);
}

Test(timer, wakes_those_whose_time_has_come_in_order) {
    static const uint64_t deadlines[] = {50, 10, 30, 10, 20};
    for (int i = 0; i < 5; i++)
        timer_add(&threads[i], deadlines[i]);
    cr_assert_eq(timer_next(NULL), 10);
    timer_expire(9);
    cr_assert_eq(woken_count, 0);
    timer_expire(30);
    cr_assert_eq(woken_count, 4);
    cr_assert_eq(woken[0], &threads[1]);
    cr_assert_eq(woken[1], &threads[3]);
    cr_assert_eq(woken[2], &threads[4]);
    cr_assert_eq(woken[3], &threads[2]);
    cr_assert_eq(timer_next(NULL), 50);
}

Test(timer, removing_takes_out_that_one_only_and_may_be_repeated) {
    for (int i = 0; i < 3; i++)
        timer_add(&threads[i], 10 + (uint64_t)i);
    timer_remove(&threads[1]);
    timer_remove(&threads[1]);
    timer_remove(&threads[50]); // never slept
    timer_expire(100);
    cr_assert_eq(woken_count, 2);
    cr_assert_eq(woken[0], &threads[0]);
    cr_assert_eq(woken[1], &threads[2]);
    cr_assert_eq(timer_next(NULL), 0);
}

Test(timer, the_last_moment_of_all_is_a_deadline_too) {
    timer_add(&threads[0], UINT64_MAX);
    timer_add(&threads[1], UINT64_MAX - 1);
    cr_assert_eq(timer_next(NULL), UINT64_MAX - 1);
    timer_expire(UINT64_MAX - 2);
    cr_assert_eq(woken_count, 0);
    timer_expire(UINT64_MAX);
    cr_assert_eq(woken_count, 2);
}

Test(timer, random_use_agrees_with_sorting) {
    srandom(3);
    for (int round = 0; round < 200; round++) {
        uint64_t now = 0;
        woken_count = 0;
        for (int i = 0; i < 100; i++)
            timer_add(&threads[i], 1 + (uint64_t)random() % 50);
        size_t removed = 0;
        for (int i = 0; i < 100; i++)
            if (random() % 4 == 0) {
                timer_remove(&threads[i]);
                removed++;
            }
        while (timer_next(NULL)) {
            size_t before = woken_count;
            now = timer_next(NULL);
            timer_expire(now);
            cr_assert_gt(woken_count, before);
        }
        cr_assert_eq(woken_count + removed, 100);
        cr_assert_leq(now, 50);
    }
}
