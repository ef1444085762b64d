// SPDX-License-Identifier: MIT
//
// Several messages at once, events only for who sleeps, requests that are not wanted any more, and whose fault it is when a slot is in hand twice.
#include "ring_world.h"

#include <signal.h>

static uint32_t submit_many(uint64_t first, uint32_t count, uint32_t slots[]) {
    struct request requests[2 * ENTRIES];
    for (uint32_t i = 0; i < count; i++)
        requests[i] = (struct request){first + i, ~(first + i), 0};
    return bh_ring_submit_batch(&client, requests, count, slots);
}

static uint32_t serve_many(uint32_t most) {
    struct request requests[2 * ENTRIES];
    struct completion answers[2 * ENTRIES];
    uint32_t slots[2 * ENTRIES], count;
    if (bh_ring_take_batch(&server, most, slots, requests, &count))
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(requests[i].check, ~requests[i].value);
        answers[i] = (struct completion){(uint32_t)requests[i].value + 1, ~(uint32_t)requests[i].value, 0};
    }
    cr_assert_eq(bh_ring_finish_batch(&server, count, slots, NULL, answers), BH_OK);
    return count;
}

// Values 0, 1, 2, ... are expected from *seen on.
static uint32_t collect_many(uint32_t most, uint64_t *seen) {
    struct completion answers[2 * ENTRIES];
    enum bh_error statuses[2 * ENTRIES];
    uint32_t slots[2 * ENTRIES], count;
    if (bh_ring_complete_batch(&client, most, slots, statuses, answers, &count))
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(statuses[i], BH_OK);
        cr_assert_eq(answers[i].value, ++*seen);
    }
    return count;
}

Test(ring_batch, carries_batches_of_any_size_in_order, .init = set_up) {
    uint64_t next = 0, seen = 0;
    uint32_t slots[2 * ENTRIES];
    srandom(23);
    while (seen < 20000) {
        next += submit_many(next, (uint32_t)random() % (2 * ENTRIES), slots);
        serve_many((uint32_t)random() % (2 * ENTRIES));
        collect_many((uint32_t)random() % (2 * ENTRIES), &seen);
        cr_assert_eq(client.in_flight, next - seen);
    }
    cr_assert_eq(accusations, 0);
}

Test(ring_batch, a_batch_is_announced_once_and_taken_as_far_as_there_is_room, .init = set_up) {
    uint32_t slots[2 * ENTRIES];
    cr_assert_eq(submit_many(0, 3, slots), 3);
    cr_assert_eq(requests()->submit_tail, 3);
    cr_assert_eq(submit_many(3, 2 * ENTRIES, slots), ENTRIES - 3);
    cr_assert_eq(submit_many(99, 1, slots), 0);
    cr_assert_eq(serve_many(2), 2);
    cr_assert_eq(completions()->completion_tail, 2);
    cr_assert_eq(serve_many(2 * ENTRIES), ENTRIES - 2);
    cr_assert_eq(serve_many(1), 0);
}

Test(ring_batch, a_batch_that_was_not_announced_at_its_clients_death_is_free, .init = set_up) {
    uint32_t slots[ENTRIES], slot;
    struct request request;
    cr_assert_eq(submit_many(0, 5, slots), 5);
    requests()->submit_tail = 0;
    attach_as_server = false;
    cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
    cr_assert_eq(client.in_flight, 0);
    attach_as_server = true;
    server_dies_and_returns();
    client_looks();
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EAGAIN);
}

Test(ring_batch, what_is_not_in_hand_ends_a_batch_of_answers, .init = set_up) {
    uint32_t slots[ENTRIES], taken[ENTRIES], count;
    struct request request[ENTRIES];
    uint64_t seen = 0;
    struct completion answers[3] = {{1, ~0u, 0}, {2, ~1u, 0}, {3, ~2u, 0}};
    cr_assert_eq(submit_many(0, 2, slots), 2);
    cr_assert_eq(bh_ring_take_batch(&server, ENTRIES, taken, request, &count), BH_OK);
    cr_assert_eq(count, 2);
    uint32_t twice[] = {taken[0], taken[0], taken[1]};
    cr_assert_eq(bh_ring_finish_batch(&server, 3, twice, NULL, answers), BH_EINVAL);
    cr_assert_eq(collect_many(ENTRIES, &seen), 1);
    uint32_t outside = ENTRIES;
    cr_assert_eq(bh_ring_finish_batch(&server, 1, &outside, NULL, answers), BH_EINVAL);
    cr_assert_eq(bh_ring_finish(&server, taken[1], BH_OK, &answers[1]), BH_OK);
    cr_assert_eq(collect_many(ENTRIES, &seen), 1);
}

Test(ring_batch, a_lie_in_the_middle_of_a_batch_ends_it_and_is_told, .init = set_up) {
    uint32_t slots[ENTRIES], taken[ENTRIES], count, bad = ENTRIES + 3;
    struct request request[ENTRIES];
    cr_assert_eq(submit_many(0, 4, slots), 4);
    memcpy(request_pages + BH_RING_ORDER + 8, &bad, sizeof(bad)); // the third
    cr_assert_eq(bh_ring_take_batch(&server, ENTRIES, taken, request, &count), BH_OK);
    cr_assert_eq(count, 2);
    cr_assert_eq(accusations, 1);
    cr_assert_eq(server.breaches, 1);
    cr_assert_eq(bh_ring_take_batch(&server, ENTRIES, taken, request, &count), BH_OK);
    cr_assert_eq(count, 1);
}

// ---- events

Test(ring_batch, who_polls_gets_no_event_and_who_sleeps_gets_one_for_a_batch, .init = set_up) {
    uint32_t slots[ENTRIES];
    uint64_t seen = 0;
    cr_assert_eq(submit_many(0, 1, slots), 1);
    bh_ring_submit_notify(&client); // the wish that both begin with
    serve_many(1);
    bh_ring_finish_notify(&server);
    collect_many(1, &seen);
    signals = 0;
    for (uint64_t next = 1; next < 1000; next += 4) { // both poll
        cr_assert_eq(submit_many(next, 4, slots), 4);
        bh_ring_submit_notify(&client);
        cr_assert_eq(serve_many(ENTRIES), 4);
        bh_ring_finish_notify(&server);
        cr_assert_eq(collect_many(ENTRIES, &seen), 4);
    }
    cr_assert_eq(signals, 0);
    cr_assert_not(bh_ring_arm_submit(&server)); // both sleep
    cr_assert_not(bh_ring_arm_completion(&client));
    cr_assert_eq(submit_many(seen, 4, slots), 4);
    bh_ring_submit_notify(&client);
    cr_assert_eq(signals, 1);
    bh_ring_submit_notify(&client);
    cr_assert_eq(signals, 1);
    cr_assert_eq(serve_many(ENTRIES), 4);
    bh_ring_finish_notify(&server);
    cr_assert_eq(signals, 2);
}

Test(ring_batch, who_waits_for_several_answers_is_woken_once_and_for_no_fewer, .init = set_up) {
    uint32_t slots[ENTRIES];
    uint64_t seen = 0;
    cr_assert_eq(submit_many(0, 5, slots), 5);
    cr_assert_eq(bh_ring_wait_completions(&client, 3, 1), BH_ETIMEDOUT);
    signals = 0;
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(serve_many(1), 1);
        bh_ring_finish_notify(&server);
        cr_assert_eq(signals, i >= 2);
    }
    cr_assert_eq(bh_ring_wait_completions(&client, 4, 1), BH_OK);
    cr_assert_eq(bh_ring_wait_completions(&client, 5, 1), BH_ETIMEDOUT);
    cr_assert_eq(collect_many(ENTRIES, &seen), 4);
    cr_assert_eq(bh_ring_wait_completions(&client, 99, 1), BH_ETIMEDOUT); // one is in flight: that one
    signals = 0;
    cr_assert_eq(serve_many(1), 1);
    bh_ring_finish_notify(&server);
    cr_assert_eq(signals, 1);
}

// ---- cancelling

static enum bh_error take_status(uint32_t *slot) {
    struct completion completion;
    enum bh_error status;
    cr_assert_eq(bh_ring_complete(&client, slot, &status, &completion), BH_OK, "%s", accused_of);
    return status;
}

Test(ring_batch, a_request_cancelled_before_it_is_taken_is_not_begun_and_completed_once, .init = set_up) {
    uint32_t slots[3], slot;
    struct request request;
    cr_assert_eq(submit_many(0, 3, slots), 3);
    cr_assert_eq(bh_ring_cancel(&client, slots[1]), BH_OK);
    cr_assert_eq(bh_ring_cancel(&client, slots[1]), BH_OK); // is the same wish
    cr_assert(serve_one());
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    cr_assert_eq(request.value, 2);
    cr_assert_eq(server.cancelled, 1);
    cr_assert_eq(bh_ring_finish(&server, slots[1], BH_OK, NULL), BH_EINVAL);
    cr_assert_eq(take_status(&slot), BH_OK);
    cr_assert_eq(take_status(&slot), BH_ECANCELED);
    cr_assert_eq(slot, slots[1]);
    cr_assert_eq(bh_ring_cancel(&client, slots[1]), BH_ENOENT);
    cr_assert_eq(bh_ring_cancel(&client, ENTRIES), BH_ENOENT);
    cr_assert_eq(client.in_flight, 1);
}

Test(ring_batch, a_request_cancelled_after_it_is_taken_goes_on, .init = set_up) {
    uint32_t slot, taken;
    struct request request;
    struct completion completion = {0};
    cr_assert_eq(submit(7, &slot), BH_OK);
    cr_assert_eq(bh_ring_take(&server, &taken, &request), BH_OK);
    cr_assert_eq(bh_ring_cancel(&client, slot), BH_OK);
    cr_assert_eq(bh_ring_take(&server, &taken, &request), BH_EAGAIN);
    cr_assert_eq(bh_ring_finish(&server, slot, BH_EIO, &completion), BH_OK);
    cr_assert_eq(take_status(&slot), BH_EIO);
}

Test(ring_batch, a_client_asleep_is_woken_for_what_was_cancelled, .init = set_up) {
    uint32_t slots[2], slot;
    struct request request;
    cr_assert_eq(submit_many(0, 2, slots), 2);
    cr_assert_eq(bh_ring_cancel(&client, slots[0]), BH_OK);
    cr_assert_eq(bh_ring_cancel(&client, slots[1]), BH_OK);
    cr_assert_not(bh_ring_arm_completion(&client));
    signals = 0;
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EAGAIN);
    cr_assert_eq(signals, 1);
    cr_assert_eq(take_status(&slot), BH_ECANCELED);
    cr_assert_eq(take_status(&slot), BH_ECANCELED);
}

Test(ring_batch, what_a_dead_server_may_have_begun_is_replayed_though_it_is_cancelled, .init = set_up) {
    uint32_t slots[2], slot;
    struct request request;
    cr_assert_eq(submit_many(0, 2, slots), 2);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    cr_assert_eq(bh_ring_cancel(&client, slots[0]), BH_OK);
    server_dies_and_returns();
    client_looks();
    cr_assert(serve_one());
    cr_assert(serve_one());
    cr_assert_eq(take_status(&slot), BH_OK);
    cr_assert_eq(take_status(&slot), BH_OK);
    cr_assert_eq(server.replayed, 2);
}

Test(ring_batch, a_client_that_returns_still_has_its_cancelled_requests_in_flight, .init = set_up) {
    uint32_t slots[2], slot;
    struct request request;
    cr_assert_eq(submit_many(0, 2, slots), 2);
    cr_assert_eq(bh_ring_cancel(&client, slots[0]), BH_OK);
    attach_as_server = false;
    cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
    cr_assert_eq(client.in_flight, 2);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    cr_assert_eq(request.value, 1);
    cr_assert_eq(take_status(&slot), BH_ECANCELED);
}

Test(ring_batch, a_client_that_cancels_without_end_does_not_keep_the_server, .init = set_up) {
    uint32_t slot, before;
    struct request request;
    cr_assert_eq(submit(1, &slot), BH_OK);
    cr_assert_eq(bh_ring_cancel(&client, slot), BH_OK);
    for (int i = 0; i < 100; i++) { // one slot, announced as often as there are entries, since nobody stops the client
        requests()->submit_tail += ENTRIES;
        before = server.taken;
        (void)bh_ring_take(&server, &slot, &request);
        cr_assert_leq(server.taken - before, ENTRIES + 1);
    }
}

// Two tests of one event: a submission of what the server holds. The client is told on if it did that, the server ends if it only believes so.
Test(ring_batch, a_submission_of_what_is_in_hand_is_an_accusation, .init = set_up) {
    uint32_t slot, again;
    struct request request;
    cr_assert_eq(submit(1, &slot), BH_OK);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    client.sequences[slot] = 0; // a client that has forgotten it
    client.free_hint = slot;
    client.in_flight = 0;
    cr_assert_eq(submit(2, &again), BH_OK);
    cr_assert_eq(again, slot);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EPROTO);
    cr_assert_eq(server.breaches, 1);
}

Test(ring_batch, a_server_whose_notes_are_wrong_accuses_nobody, .init = set_up, .signal = SIGABRT) {
    uint32_t slot;
    struct request request;
    cr_assert_eq(submit(1, &slot), BH_OK);
    server.sequences[slot] ^= 4;
    (void)bh_ring_take(&server, &slot, &request);
}

// A bit flips in what the client notes of a request in flight.
static void notes_are_wrong(uint64_t bit) {
    uint32_t slot;
    enum bh_error status;
    struct request request;
    cr_assert_eq(submit(1, &slot), BH_OK);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    bh_ring_end(&server, slot, BH_OK, NULL);
    client.sequences[slot] ^= bit;
    (void)bh_ring_complete(&client, &slot, &status, NULL);
}

Test(ring, a_client_that_notes_another_request_ends_itself, .init = set_up, .signal = SIGABRT) {
    notes_are_wrong(2);
}

Test(ring, a_client_that_noted_none_ends_itself, .init = set_up, .signal = SIGABRT) {
    notes_are_wrong(1);
}
