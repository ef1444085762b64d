// SPDX-License-Identifier: MIT
//
// Both sides of a ring on one piece of memory: what goes in comes out, through deaths of the server; and neither side reads or writes a byte
// out of place, whatever the other one writes into its pages.
#include "bulkhead/ring.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "runtime/calls.h"

#define ENTRIES 8
#define REQUEST_SIZE 24
#define COMPLETION_SIZE 12

struct request {
    uint64_t value, check, filler;
};
struct completion {
    uint32_t value, check, filler;
};

static struct bh_ring_header *header;
static uint8_t *request_pages, *completion_pages;
static size_t request_pages_size, completion_pages_size;
static struct bh_ring client, server;
static uint32_t accusations, signals;
static char accused_of[128];
static bool attach_as_server;

enum bh_error bh_cap_find(const char *name, bh_cap *cap) {
    *cap = 1;
    return strcmp(name, "ring") ? BH_ENOENT : BH_OK;
}

enum bh_error bh_call_ring_attach(bh_cap ring, struct bh_ring_info *info) {
    (void)ring;
    *info = (struct bh_ring_info){.header = (uint64_t)header, .requests = (uint64_t)request_pages, .completions = (uint64_t)completion_pages,
                                  .entry_count = ENTRIES, .request_size = REQUEST_SIZE, .completion_size = COMPLETION_SIZE,
                                  .epoch = header->epoch, .is_server = attach_as_server, .submit_event = 2, .completion_event = 3};
    return BH_OK;
}

enum bh_error bh_call_ring_accuse(bh_cap ring, uint64_t value, const char *what, size_t size, uint32_t epoch) {
    (void)ring, (void)value, (void)epoch;
    cr_assert_lt(size, sizeof(accused_of));
    memcpy(accused_of, what, size);
    accused_of[size] = 0;
    accusations++;
    return BH_OK;
}

enum bh_error bh_call_event_signal(bh_cap event) {
    (void)event;
    signals++;
    return BH_OK;
}

enum bh_error bh_call_event_wait(bh_cap event, uint64_t deadline_ns) {
    (void)event, (void)deadline_ns;
    return BH_ETIMEDOUT;
}

static struct bh_ring_completions *completions(void) {
    return (struct bh_ring_completions *)completion_pages;
}

static struct bh_ring_requests *requests(void) {
    return (struct bh_ring_requests *)request_pages;
}

// Exactly as much memory as the layout says, so that the sanitizer sees each step over the edge.
static void set_up(void) {
    size_t slot = (sizeof(struct bh_ring_slot) + REQUEST_SIZE + 63) / 64 * 64;
    size_t entry = (sizeof(struct bh_ring_completion) + COMPLETION_SIZE + 15) / 16 * 16;
    request_pages_size = (BH_RING_ORDER + 4 * ENTRIES + 63) / 64 * 64 + slot * ENTRIES;
    completion_pages_size = BH_RING_COMPLETIONS + entry * ENTRIES;
    header = calloc(1, sizeof(*header));
    request_pages = aligned_alloc(64, request_pages_size);
    completion_pages = aligned_alloc(16, completion_pages_size);
    memset(request_pages, 0, request_pages_size);
    memset(completion_pages, 0, completion_pages_size);
    header->epoch = 1;
    attach_as_server = false;
    cr_assert_eq(bh_ring_attach("ring", &client), BH_OK);
    attach_as_server = true;
    cr_assert_eq(bh_ring_attach("ring", &server), BH_OK);
}

static void server_dies_and_returns(void) {
    memset(completion_pages, 0, completion_pages_size); // as the kernel does
    header->epoch++;
    cr_assert_eq(bh_ring_attach("ring", &server), BH_OK);
}

// A new server waits until the client has seen that there is one.
static void client_looks(void) {
    struct completion completion;
    enum bh_error status;
    uint32_t slot;
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EAGAIN);
}

static enum bh_error submit(uint64_t value, uint32_t *slot) {
    struct request request = {value, ~value, 0};
    return bh_ring_submit(&client, &request, slot);
}

static bool serve_one(void) {
    struct request request;
    uint32_t slot;
    if (bh_ring_take(&server, &slot, &request) != BH_OK)
        return false;
    cr_assert_eq(request.check, ~request.value);
    struct completion completion = {(uint32_t)request.value + 1, ~(uint32_t)request.value, 0};
    cr_assert_eq(bh_ring_finish(&server, slot, BH_OK, &completion), BH_OK);
    return true;
}

static bool collect_one(uint64_t *value) {
    struct completion completion;
    enum bh_error status;
    uint32_t slot;
    enum bh_error error = bh_ring_complete(&client, &slot, &status, &completion);
    cr_assert(error == BH_OK || error == BH_EAGAIN, "complete: %d, %s", error, accused_of);
    if (error)
        return false;
    cr_assert_eq(completion.check, ~(completion.value - 1));
    *value = completion.value - 1;
    return true;
}

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
    completions()->completion_tail = 0xffffffff;
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EPROTO);
}

static void forge(uint32_t slot, uint64_t sequence) {
    struct bh_ring_completion *entry = (struct bh_ring_completion *)(completion_pages + BH_RING_COMPLETIONS);
    entry->slot = slot;
    entry->sequence = sequence;
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
    cr_assert_eq(accusations, 4);
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

// ---- what happens between any two instructions of the other side: the processor steps through them

#define TRAP_FLAG 0x100
static long steps_left; // until `interruption`
static void (*interruption)(void);

static void on_step(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    if (--steps_left > 0)
        return;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
    interruption();
}

// Run `call`; after `count` instructions of it, `between`. False: it was over before.
static bool step_through(void (*call)(void), long count, void (*between)(void)) {
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    steps_left = count;
    interruption = between;
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; orq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp" : : "i"(TRAP_FLAG) : "memory", "cc");
    call();
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp" : : "i"(~TRAP_FLAG) : "memory", "cc");
    return steps_left <= 0;
}

static uint32_t answers[2 * ENTRIES]; // by value
static void collect(void) {
    struct completion completion;
    enum bh_error status;
    uint32_t slot;
    if (bh_ring_complete(&client, &slot, &status, &completion) == BH_OK)
        answers[completion.value - 1]++;
}

static void serve(void) {
    (void)serve_one();
}

// Everything is served and collected in the end, once.
static void expect_one_answer_each(uint64_t count, long step) {
    for (int i = 0; i < 4 * ENTRIES; i++) {
        collect();
        serve();
    }
    cr_assert_eq(accusations, 0, "step %ld: %s", step, accused_of);
    for (uint64_t value = 0; value < count; value++)
        cr_assert_eq(answers[value], 1, "step %ld: %u answers to %llu", step, answers[value], (unsigned long long)value);
    memset(answers, 0, sizeof(answers));
}

static void death_and_replay(void) {
    server_dies_and_returns();
    while (serve_one())
        ;
}

Test(ring, the_server_may_die_between_any_two_instructions_of_a_client_that_collects, .init = set_up) {
    uint32_t slot;
    bool interrupted = true;
    for (long step = 1; interrupted; step += 5) { // each step is a signal; the checks of the sanitizer make enough of them
        for (uint64_t i = 0; i < 3; i++)
            cr_assert_eq(submit(i, &slot), BH_OK);
        for (long i = step % 3; i >= 0; i--)
            cr_assert(serve_one());
        interrupted = step_through(collect, step / 3 + 1, step % 2 ? death_and_replay : server_dies_and_returns);
        expect_one_answer_each(3, step);
    }
}

static void submit_again(void) {
    uint32_t slot;
    cr_assert_eq(submit(ENTRIES, &slot), BH_OK);
}

Test(ring, a_slot_may_be_used_anew_between_any_two_instructions_of_a_server_that_reads_the_log, .init = set_up) {
    uint32_t slot;
    bool interrupted = true;
    for (long step = 1; interrupted; step += 3) {
        for (uint64_t i = 0; i < ENTRIES; i++)
            cr_assert_eq(submit(i, &slot), BH_OK);
        serve();
        collect(); // one slot is free, and has the number of what was in it
        server_dies_and_returns();
        client_looks();
        interrupted = step_through(serve, step, submit_again);
        if (!interrupted)
            submit_again();
        expect_one_answer_each(ENTRIES + 1, step);
    }
}

static void scribble(uint8_t *pages, size_t size) {
    for (long i = 1 + random() % 6; i > 0; i--) {
        static const uint64_t values[] = {0, 1, 7, 8, 9, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_MAX};
        uint64_t value = random() % 3 ? values[random() % 9] : (uint64_t)random();
        size_t width = (size_t)1 << random() % 4;
        memcpy(pages + (size_t)random() % (size / width) * width, &value, width);
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
