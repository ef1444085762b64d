// SPDX-License-Identifier: MIT
//
// Both sides of a ring on one piece of memory: what goes in comes out, through deaths of the server; and neither side reads or writes a byte
// out of place, whatever the other one writes into its pages.
#include "ring_world.h"

#include <signal.h>

Test(ring, carries_requests_and_completions_in_order_for_many_laps, .init = set_up) {
    uint64_t next = 0, seen = 0, value;
    uint32_t slot;
    srandom(1);
    while (seen < 5000) {
        for (long i = random() % (ENTRIES + 3); i > 0; i--)
            if (submit(next, &slot) == BH_OK)
                next++;
        for (long i = random() % (ENTRIES + 3); i > 0; i--)
            serve_one();
        while (collect_one(&value))
            cr_assert_eq(value, seen++);
    }
    cr_assert_eq(accusations, 0);
}

Test(ring, is_full_when_all_slots_are_in_flight, .init = set_up) {
    uint64_t value;
    uint32_t slot;
    for (uint64_t i = 0; i < ENTRIES; i++)
        cr_assert_eq(submit(i, &slot), BH_OK);
    cr_assert_eq(submit(9, &slot), BH_EAGAIN);
    cr_assert(serve_one());
    cr_assert_eq(submit(9, &slot), BH_EAGAIN); // until it is collected
    cr_assert(collect_one(&value));
    cr_assert_eq(submit(9, &slot), BH_OK);
}

Test(ring, completes_everything_exactly_once_through_deaths_of_the_server, .init = set_up) {
    static uint8_t done[4000];
    uint64_t next = 0, seen = 0, value;
    uint32_t slot, deaths = 0;
    srandom(5);
    while (seen < 4000) {
        for (long i = random() % 6; i > 0 && next < 4000; i--)
            if (submit(next, &slot) == BH_OK)
                next++;
        for (long i = random() % 6; i > 0; i--)
            serve_one();
        if (random() % 5 == 0) {
            server_dies_and_returns();
            deaths++;
        }
        for (long i = random() % 6; i > 0 && collect_one(&value); i--) {
            cr_assert_eq(done[value]++, 0, "%llu twice", (unsigned long long)value);
            seen++;
        }
    }
    cr_assert_gt(deaths, 100);
    cr_assert_eq(accusations, 0);
    cr_assert_eq(client.in_flight, 0);
}

Test(ring, replays_in_the_order_of_submission, .init = set_up) {
    uint32_t slot;
    uint64_t value, last = 0;
    for (uint64_t i = 1; i <= 3 * ENTRIES; i++) { // so that slots and order differ
        cr_assert_eq(submit(i, &slot), BH_OK);
        serve_one();
        if (i % 2)
            collect_one(&value);
        while (client.in_flight > ENTRIES - 2)
            collect_one(&value);
    }
    while (collect_one(&value))
        ;
    for (uint64_t i = 100; i < 105; i++)
        cr_assert_eq(submit(i, &slot), BH_OK);
    server_dies_and_returns();
    struct request request;
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EAGAIN);
    client_looks();
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
        cr_assert_gt(request.value, last);
        last = request.value;
    }
    cr_assert_eq(server.replayed, 5);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EAGAIN);
}

Test(ring, what_a_server_that_was_given_up_did_not_answer_ends_and_is_not_replayed, .init = set_up) {
    struct completion completion;
    struct request request;
    enum bh_error status;
    uint32_t slot;
    uint64_t value;
    for (uint64_t i = 1; i <= 3; i++)
        cr_assert_eq(submit(i, &slot), BH_OK);
    cr_assert(serve_one() && serve_one());
    cr_assert(collect_one(&value) && value == 1, "what was answered and taken before");
    memset(completion_pages, 0, completion_pages_size); // it dies,
    header->epoch++;
    header->given_up = 1; // and nobody starts it again
    cr_assert(bh_ring_arm_completion(&client), "nobody is to sleep");
    cr_assert_eq(submit(4, &slot), BH_OK);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_OK);
        cr_assert_eq(status, BH_EDEAD);
    }
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EAGAIN);
    cr_assert(!bh_ring_arm_completion(&client) && !client.in_flight);
    uint32_t before = signals;
    cr_assert_eq(submit(5, &slot), BH_OK);
    bh_ring_submit_notify(&client);
    cr_assert_gt(signals, before, "whoever waits for it is woken");
    header->given_up = 0; // an operator starts it
    server_dies_and_returns();
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EAGAIN, "the client has not seen that yet");
    client_looks();
    cr_assert(serve_one() && !serve_one(), "one request is in flight");
    cr_assert(collect_one(&value) && value == 5, "the only one that did not end");
    cr_assert_eq(accusations, 0);
}

Test(ring, a_client_that_returns_frees_the_slots_of_its_former_life, .init = set_up) {
    uint32_t slot;
    enum bh_error status;
    struct completion completion;
    for (uint64_t i = 0; i < ENTRIES; i++)
        cr_assert_eq(submit(i, &slot), BH_OK);
    for (int i = 0; i < 5; i++)
        serve_one();
    attach_as_server = false;
    cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
    cr_assert_eq(submit(99, &slot), BH_EAGAIN);
    while (serve_one())
        ;
    int count = 0;
    while (bh_ring_complete(&client, &slot, &status, &completion) == BH_OK)
        count++;
    cr_assert_eq(count, ENTRIES);
    cr_assert_eq(submit(99, &slot), BH_OK);
    cr_assert_eq(accusations, 0);
}

Test(ring, a_client_that_returns_while_the_server_goes_on_accuses_nobody, .init = set_up) {
    srandom(17);
    for (int life = 0; life < 3000; life++) {
        uint32_t slot;
        enum bh_error status;
        struct completion completion;
        for (long i = random() % 20; i > 0; i--) {
            (void)submit((uint64_t)life, &slot);
            if (random() % 2)
                serve_one();
            if (random() % 3 == 0)
                (void)bh_ring_complete(&client, &slot, &status, &completion);
        }
        attach_as_server = false;
        cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
        attach_as_server = true;
        if (random() % 4 == 0)
            server_dies_and_returns();
        for (long i = random() % 10; i > 0; i--)
            serve_one();
        if (random() % 2)
            continue;
        uint32_t waiting = client.in_flight;
        while (bh_ring_complete(&client, &slot, &status, &completion) == BH_OK)
            waiting--;
        while (serve_one())
            ;
        while (bh_ring_complete(&client, &slot, &status, &completion) == BH_OK)
            waiting--;
        cr_assert_eq(accusations, 0, "life %d: %s", life, accused_of);
        cr_assert_eq(waiting, 0);
        cr_assert_eq(client.in_flight, 0);
    }
}

Test(ring, a_completion_that_is_written_but_not_announced_when_the_client_returns_counts_once, .init = set_up) {
    uint32_t slot, count = 0;
    enum bh_error status;
    struct completion completion;
    uint64_t value;
    for (uint64_t i = 0; i < 2 * ENTRIES; i++) { // a lap and more behind us
        cr_assert_eq(submit(i, &slot), BH_OK);
        cr_assert(serve_one());
        cr_assert(collect_one(&value));
    }
    for (uint64_t i = 0; i < 3; i++)
        cr_assert_eq(submit(i, &slot), BH_OK);
    cr_assert(serve_one());
    completions()->completion_tail--; // the server was interrupted in between
    attach_as_server = false;
    cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
    while (bh_ring_complete(&client, &slot, &status, &completion) == BH_OK)
        count++;
    completions()->completion_tail++;
    while (serve_one())
        ;
    while (bh_ring_complete(&client, &slot, &status, &completion) == BH_OK)
        count++;
    cr_assert_eq(accusations, 0, "%s", accused_of);
    cr_assert_eq(count, 3);
    cr_assert_eq(client.in_flight, 0);
}

Test(ring, a_submission_cut_short_by_the_clients_death_is_free_and_numbers_go_on, .init = set_up) {
    uint32_t slot, cut;
    struct request request;
    cr_assert_eq(submit(1, &slot), BH_OK);
    cr_assert_eq(submit(2, &cut), BH_OK);
    requests()->submit_tail--; // it died before it could say so
    attach_as_server = false;
    cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
    cr_assert_eq(client.in_flight, 1);
    cr_assert_eq(submit(3, &slot), BH_OK);
    attach_as_server = true;
    server_dies_and_returns(); // and replays 1 and 3
    client_looks();
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    cr_assert_eq(request.value, 1);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    cr_assert_eq(request.value, 3);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EAGAIN);
}

static bool wants_even(void *context, uint32_t slot, uint64_t sequence) {
    (void)slot;
    ++*(uint32_t *)context;
    return sequence % 2 == 0;
}

Test(ring, a_client_that_returns_keeps_what_it_waits_for_and_frees_the_rest, .init = set_up) {
    uint32_t slots[4], asked = 0;
    struct request request;
    for (uint64_t i = 0; i < 4; i++)
        cr_assert_eq(submit(i, &slots[i]), BH_OK); // numbers 1 to 4
    attach_as_server = false;
    cr_assert_eq(bh_ring_attach_again("ring", &client, wants_even, &asked), BH_OK);
    cr_assert_eq(asked, 4);
    cr_assert_eq(client.in_flight, 2);
    cr_assert(bh_ring_is_in_flight(&client, slots[1], 2));
    cr_assert(!bh_ring_is_in_flight(&client, slots[0], 1));
    attach_as_server = true;
    server_dies_and_returns();
    client_looks();
    cr_assert_eq(bh_ring_take(&server, &slots[0], &request), BH_OK);
    cr_assert_eq(request.value, 1);
    cr_assert_eq(bh_ring_take(&server, &slots[0], &request), BH_OK);
    cr_assert_eq(request.value, 3);
    cr_assert_eq(bh_ring_take(&server, &slots[0], &request), BH_EAGAIN, "the others are not replayed");
}

Test(ring, a_completion_that_is_held_comes_again_after_the_clients_death_until_it_is_released, .init = set_up) {
    uint32_t slot, again;
    enum bh_error status;
    struct completion completion;
    cr_assert_eq(submit(5, &slot), BH_OK);
    cr_assert(serve_one());
    cr_assert_eq(bh_ring_complete_held(&client, &again, &status, &completion), BH_OK);
    cr_assert_eq(again, slot);
    cr_assert_eq(bh_ring_complete_held(&client, &again, &status, &completion), BH_EAGAIN);
    attach_as_server = false;
    cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
    cr_assert_eq(bh_ring_complete_held(&client, &again, &status, &completion), BH_OK);
    bh_ring_release(&client, again);
    cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
    cr_assert_eq(client.in_flight, 0);
    cr_assert_eq(bh_ring_complete_held(&client, &again, &status, &completion), BH_EAGAIN);
    cr_assert_eq(accusations, 0, "%s", accused_of);
}

Test(ring, the_next_slot_and_number_are_those_of_the_next_submission, .init = set_up) {
    uint32_t slot, named;
    uint64_t number;
    for (uint64_t i = 0; i < ENTRIES; i++) {
        cr_assert(bh_ring_next(&client, &named, &number));
        cr_assert_eq(submit(i, &slot), BH_OK);
        cr_assert_eq(slot, named);
        cr_assert(bh_ring_is_in_flight(&client, slot, number));
    }
    cr_assert(!bh_ring_next(&client, &named, &number));
}

Test(ring, a_client_whose_own_pages_were_garbage_still_gets_its_slots, .init = set_up) {
    uint32_t slot;
    memset(request_pages + 160, 0, request_pages_size - 160);
    for (size_t i = 0; i < ENTRIES; i++) { // busy, but with no sequence: nobody will ever complete them
        uint32_t busy = BH_SLOT_BUSY;
        memcpy(request_pages + 192 + i * 64, &busy, sizeof(busy));
    }
    attach_as_server = false;
    cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
    cr_assert_eq(submit(1, &slot), BH_OK);
}

Test(ring, a_completion_index_that_jumps_is_an_accusation, .init = set_up) {
    uint32_t slot;
    enum bh_error status;
    struct completion completion;
    completions()->completion_tail = ENTRIES + 1;
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO);
    cr_assert_eq(accusations, 1);
    client.accused = false;
    completions()->completion_tail = 0xffffffff;
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO);
    cr_assert_eq(accusations, 2);
}

Test(ring, a_server_that_has_lied_is_told_on_once_and_not_believed_any_more, .init = set_up) {
    uint32_t slot;
    enum bh_error status;
    struct completion completion;
    uint64_t value;
    cr_assert_eq(submit(1, &slot), BH_OK);
    completions()->completion_tail = ENTRIES + 1;
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO);
    completions()->completion_tail = 0;
    cr_assert(serve_one()); // now it does as it should
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO);
        cr_assert_eq(bh_ring_wait_completion(&client, 1), BH_ETIMEDOUT); // asleep until it is replaced
    }
    cr_assert_eq(accusations, 1);
    cr_assert_eq(client.breaches, 1);
    server_dies_and_returns();
    client_looks();
    cr_assert(serve_one());
    cr_assert(collect_one(&value));
    cr_assert_eq(value, 1);
}

static void forge(uint32_t slot, uint64_t sequence) {
    struct bh_ring_completion *entry = (struct bh_ring_completion *)(completion_pages + BH_RING_COMPLETIONS);
    entry->slot = slot;
    entry->sequence = sequence;
    client.accused = false;
    completions()->completion_tail = 1;
}

Test(ring, forged_completions_are_accusations, .init = set_up) {
    uint32_t slot;
    enum bh_error status;
    struct completion completion;
    forge(ENTRIES, 1); // no such slot
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO);
    forge(0xffffffff, 1);
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO);
    forge(0, 0); // a slot that is free
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO);
    cr_assert_eq(submit(1, &slot), BH_OK);
    forge(slot, 77); // of another request
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO);
    for (int32_t bit = 0; bit < 32; bit++) { // no success any more, and no error either
        ((struct bh_ring_completion *)(completion_pages + BH_RING_COMPLETIONS))->status = (int32_t)(1u << bit);
        forge(slot, 1);
        cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO, "bit %d", bit);
    }
    cr_assert_eq(accusations, 36);
    cr_assert_eq(client.in_flight, 1);
}

Test(ring, forged_submissions_are_accusations, .init = set_up) {
    uint32_t slot;
    struct request request;
    uint32_t bad = ENTRIES;
    requests()->submit_tail = ENTRIES + 1;
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EPROTO);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EAGAIN); // it does not go on about it
    cr_assert_not(bh_ring_arm_submit(&server));
    requests()->submit_tail = ENTRIES + 2;
    memcpy(request_pages + BH_RING_ORDER + 4, &bad, sizeof(bad));
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EPROTO); // no such slot
    requests()->submit_tail = ENTRIES + 3;
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_EPROTO); // slot 0, which is free
    cr_assert_eq(accusations, 3);
}

Test(ring, a_server_finishes_each_request_once, .init = set_up) {
    uint32_t slot;
    struct request request;
    cr_assert_eq(bh_ring_finish(&server, 0, BH_OK, NULL), BH_EINVAL);
    cr_assert_eq(bh_ring_finish(&server, ENTRIES, BH_OK, NULL), BH_EINVAL);
    cr_assert_eq(submit(1, &slot), BH_OK);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    cr_assert_eq(bh_ring_finish(&server, slot, BH_EIO, NULL), BH_OK);
    cr_assert_eq(bh_ring_finish(&server, slot, BH_OK, NULL), BH_EINVAL);
}

Test(ring, a_server_that_ends_what_is_not_in_hand_ends_itself, .init = set_up, .signal = SIGABRT) {
    uint32_t slot;
    struct request request;
    cr_assert_eq(submit(1, &slot), BH_OK);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    bh_ring_end(&server, slot, BH_OK, NULL);
    cr_assert_eq(completions()->completion_tail, 1);
    bh_ring_end(&server, slot, BH_OK, NULL);
}

Test(ring, a_server_that_ends_a_batch_of_which_it_has_not_all_ends_itself, .init = set_up, .signal = SIGABRT) {
    uint32_t slots[2];
    struct request request;
    cr_assert_eq(submit(1, &slots[0]), BH_OK);
    cr_assert_eq(bh_ring_take(&server, &slots[0], &request), BH_OK);
    slots[1] = ENTRIES - 1;
    bh_ring_end_batch(&server, 2, slots, NULL, NULL);
}

static void scribble(uint8_t *pages, size_t size) {
    for (long i = 1 + random() % 6; i > 0; i--) {
        static const uint64_t values[] = {0, 1, 7, 8, 9, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_MAX};
        uint64_t value = random() % 3 ? values[random() % 9] : (uint64_t)random();
        size_t width = (size_t)1 << random() % 4;
        memcpy(pages + (size_t)random() % (size / width) * width, &value, width);
    }
}

Test(ring, a_slot_is_taken_from_the_log_once_though_its_number_changes, .init = set_up) {
    struct request request;
    uint32_t slot, taken = 0;
    for (uint64_t i = 0; i < 3; i++)
        cr_assert_eq(submit(i, &slot), BH_OK);
    server_dies_and_returns();
    client_looks();
    while (bh_ring_take(&server, &slot, &request) == BH_OK) {
        cr_assert_eq(taken & 1u << slot, 0, "slot %u twice", slot);
        taken |= 1u << slot;
        uint64_t *sequence = (uint64_t *)(request_pages + (BH_RING_ORDER + 4 * ENTRIES + 63) / 64 * 64 + 8);
        *sequence += *sequence < 3;
    }
}

Test(ring, a_client_survives_a_server_that_writes_anything, .init = set_up) {
    struct completion completion;
    enum bh_error status;
    uint32_t slot;
    srandom(11);
    for (int step = 0; step < 200000; step++) {
        (void)submit((uint64_t)step, &slot);
        bh_ring_submit_notify(&client);
        if (random() % 3)
            serve_one();
        scribble(completion_pages, completion_pages_size);
        for (int i = 0; i < 3; i++) {
            enum bh_error error = bh_ring_complete(&client, &slot, &status, &completion);
            cr_assert(error == BH_OK || error == BH_EAGAIN || error == BH_EPROTO);
            cr_assert(error || slot < ENTRIES);
        }
        (void)bh_ring_wait_completion(&client, 1);
        cr_assert_leq(client.in_flight, ENTRIES);
        if (random() % 4 == 0)
            server_dies_and_returns();
    }
}

Test(ring, a_server_survives_a_client_that_writes_anything, .init = set_up) {
    struct request request;
    uint32_t slot, held[4], held_count = 0;
    srandom(13);
    for (int step = 0; step < 200000; step++) {
        scribble(request_pages, request_pages_size);
        for (int i = 0; i < 3; i++) {
            enum bh_error error = bh_ring_take(&server, &slot, &request);
            cr_assert(error == BH_OK || error == BH_EAGAIN || error == BH_EPROTO);
            if (error)
                continue;
            cr_assert_lt(slot, ENTRIES);
            if (held_count < 4)
                held[held_count++] = slot;
            else
                cr_assert_eq(bh_ring_finish(&server, slot, BH_OK, NULL), BH_OK);
        }
        while (held_count && random() % 2)
            cr_assert_eq(bh_ring_finish(&server, held[--held_count], BH_OK, NULL), BH_OK);
        bh_ring_finish_notify(&server);
        (void)bh_ring_wait_submit(&server, 1);
        if (random() % 50 == 0) {
            held_count = 0;
            server_dies_and_returns();
        }
    }
}

Test(ring, a_server_that_cannot_tell_its_client_dies, .init = set_up, .signal = SIGABRT) {
    struct request request = {0};
    uint32_t slot;
    cr_assert_eq(bh_ring_submit(&client, &request, &slot), BH_OK);
    cr_assert_eq(bh_ring_take(&server, &slot, &request), BH_OK);
    cr_assert_not(bh_ring_arm_completion(&client)); // it sleeps
    cr_assert_eq(bh_ring_finish(&server, slot, BH_OK, NULL), BH_OK);
    event_lost = true;
    bh_ring_finish_notify(&server);
}
