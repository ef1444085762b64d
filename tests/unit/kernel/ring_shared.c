// SPDX-License-Identifier: MIT
//
// Many threads on one ring, and a server that dies now and then: each request is answered once, to the thread that made it; who finds no room
// waits for it; nobody sleeps for ever.
#include "bulkhead/ring_shared.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bulkhead/cap.h"
#include "bulkhead/domain.h"
#include "runtime/calls.h"

#define ENTRIES 4
#define THREADS 7
#define REQUESTS 3000
#define EVENTS 256
#define MS 1000000ull
#define PATIENCE_S 60

struct request {
    uint64_t value, check;
};

static uint8_t header[64] __attribute__((aligned(64))), requests[BH_RING_ORDER + 64 + 64 * ENTRIES] __attribute__((aligned(64))),
    completions[BH_RING_COMPLETIONS + 32 * ENTRIES] __attribute__((aligned(64)));
static struct bh_ring server;
static struct bh_ring_shared client;
static bool as_server, over;
static uint32_t accusations, dropped, deaths, cancelled;
// The kernel's part: one lock for all events.
static pthread_mutex_t kernel_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool signalled[EVENTS];
static bh_cap events = 10;

#define EPOCH ((_Atomic uint32_t *)&((struct bh_ring_header *)header)->epoch)

enum bh_error bh_cap_find(const char *name, bh_cap *cap) {
    return *cap = 1, strcmp(name, "ring") ? BH_ENOENT : BH_OK;
}

enum bh_error bh_cap_drop(bh_cap cap) {
    (void)cap;
    __atomic_add_fetch(&dropped, 1, __ATOMIC_RELAXED);
    return BH_OK;
}

enum bh_error bh_call_ring_attach(bh_cap cap, struct bh_ring_info *info) {
    (void)cap;
    *info = (struct bh_ring_info){.header = (uint64_t)header, .requests = (uint64_t)requests, .completions = (uint64_t)completions,
                                  .entry_count = ENTRIES, .request_size = sizeof(struct request), .completion_size = sizeof(uint64_t),
                                  .epoch = *EPOCH, .is_server = as_server, .submit_event = 2, .completion_event = 3};
    return BH_OK;
}

enum bh_error bh_call_ring_accuse(bh_cap cap, uint64_t value, const char *what, size_t size, uint32_t epoch) {
    (void)cap, (void)value, (void)what, (void)size, (void)epoch;
    __atomic_add_fetch(&accusations, 1, __ATOMIC_RELAXED);
    return BH_OK;
}

enum bh_error bh_event_create(bh_cap *event) {
    pthread_mutex_lock(&kernel_lock);
    *event = events++;
    pthread_mutex_unlock(&kernel_lock);
    return *event < EVENTS ? BH_OK : BH_EQUOTA;
}

enum bh_error bh_event_signal(bh_cap event) {
    pthread_mutex_lock(&kernel_lock);
    signalled[event] = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&kernel_lock);
    return BH_OK;
}

enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns) {
    struct timespec until = {(time_t)(deadline_ns / 1000000000), (long)(deadline_ns % 1000000000)};
    int error = 0;
    pthread_mutex_lock(&kernel_lock);
    while (!signalled[event] && !error && !__atomic_load_n(&over, __ATOMIC_RELAXED))
        error = deadline_ns ? pthread_cond_timedwait(&changed, &kernel_lock, &until) : pthread_cond_wait(&changed, &kernel_lock);
    bool got = signalled[event];
    signalled[event] = false;
    pthread_mutex_unlock(&kernel_lock);
    return got ? BH_OK : BH_ETIMEDOUT;
}

void bh_panic(const char *format, ...) {
    (void)format;
    abort();
}

enum bh_error bh_call_event_signal(bh_cap event) {
    return bh_event_signal(event);
}

void bh_yield(void) {
    sched_yield();
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void attach_server(void) {
    as_server = true;
    cr_assert_eq(bh_ring_attach("ring", &server), BH_OK);
    (void)bh_event_signal(3);
}

static void set_up(void) {
    *EPOCH = 1;
    cr_assert_eq(bh_ring_shared_attach("ring", &client), BH_OK);
    attach_server();
}

static void die(void) { // kernel/exchange/rings.c:server_died, with all processors stopped
    bh_mutex_lock(&client.lock);
    memset(completions, 0, sizeof(completions));
    ++*EPOCH;
    bh_mutex_unlock(&client.lock);
    deaths++;
    attach_server();
}

static bool serve_one(void) {
    struct request request;
    uint32_t slot;
    if (bh_ring_take(&server, &slot, &request) != BH_OK)
        return false;
    cr_assert_eq(request.check, ~request.value);
    uint64_t answer = request.value * 3;
    cr_assert_eq(bh_ring_finish(&server, slot, BH_OK, &answer), BH_OK);
    return true;
}

// Dies with requests in hand, or between an answer and its announcement.
static void *serve(void *unused) {
    unsigned seed = 4;
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        if (rand_r(&seed) % 200 == 0)
            die();
        if (!serve_one())
            (void)bh_ring_wait_submit(&server, now_ns() + MS);
        if (rand_r(&seed) % 3 == 0)
            bh_ring_finish_notify(&server);
        else if (server.taken == server.peer_tail)
            bh_ring_finish_notify(&server);
    }
    return unused;
}

static void *call(void *argument) {
    uint64_t thread = (uint64_t)argument, answer;
    for (uint64_t i = 0; i < REQUESTS; i++) {
        struct request request = {thread << 32 | i, ~(thread << 32 | i)};
        answer = 0;
        cr_assert_eq(bh_ring_shared_call(&client, &request, &answer, 0), BH_OK);
        cr_assert_eq(answer, 3 * request.value);
    }
    return NULL;
}

// Two in flight at once, waited for the other way round, and some of them cancelled.
static void *call_ahead(void *argument) {
    uint64_t thread = (uint64_t)argument, answers[2];
    for (uint64_t i = 0; i < REQUESTS; i++) {
        struct request request = {thread << 32 | i, ~(thread << 32 | i)};
        struct bh_ring_ticket tickets[2];
        for (int j = 0; j < 2; j++)
            cr_assert_eq(bh_ring_shared_submit(&client, &request, &answers[j], &tickets[j], 0), BH_OK);
        if (i % 4 == 0)
            (void)bh_ring_shared_cancel(&client, &tickets[i / 4 % 2]);
        for (int j = 1; j >= 0; j--) {
            cr_assert_eq(bh_ring_shared_wait(&client, &tickets[j], 0), BH_OK);
            cr_assert(tickets[j].status == BH_ECANCELED || (!tickets[j].status && answers[j] == 3 * request.value));
            if (tickets[j].status)
                __atomic_add_fetch(&cancelled, 1, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

Test(ring_shared, each_thread_gets_its_own_answers_through_deaths_of_the_server, .init = set_up, .timeout = PATIENCE_S) {
    pthread_t threads[THREADS], server_thread;
    pthread_create(&server_thread, NULL, serve, NULL);
    for (uint64_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, i == 2 ? call_ahead : call, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    (void)bh_event_signal(2);
    pthread_join(server_thread, NULL);
    cr_assert_eq(accusations, 0);
    cr_assert_eq(client.ring.in_flight, 0);
    cr_assert_null(client.first);
    cr_assert_gt(deaths, 20);
    cr_assert(events < 10 + 1 + THREADS + BH_RING_SHARED_EVENTS && !dropped, "%u events", events);
}

Test(ring_shared, a_full_ring_is_waited_for_until_the_deadline, .init = set_up) {
    struct bh_ring_ticket tickets[ENTRIES + 1];
    struct request request = {1, ~1ull};
    for (int i = 0; i < ENTRIES; i++)
        cr_assert_eq(bh_ring_shared_submit(&client, &request, NULL, &tickets[i], 1), BH_OK);
    cr_assert_eq(bh_ring_shared_submit(&client, &request, NULL, &tickets[ENTRIES], now_ns() + MS), BH_ETIMEDOUT);
    cr_assert(serve_one());
    cr_assert_eq(bh_ring_shared_submit(&client, &request, NULL, &tickets[ENTRIES], now_ns() + MS), BH_OK);
    cr_assert(tickets[0].done && !tickets[1].done);
}

Test(ring_shared, a_call_that_runs_out_of_time_leaves_nothing_behind, .init = set_up) {
    struct request request = {5, ~5ull}, taken;
    struct bh_ring_ticket ticket;
    uint64_t answer = 9;
    uint32_t slot;
    cr_assert_eq(bh_ring_shared_call(&client, &request, &answer, now_ns() + MS), BH_ETIMEDOUT);
    cr_assert_eq(bh_ring_take(&server, &slot, &taken), BH_EAGAIN); // it was cancelled in time
    cr_assert_eq(server.cancelled, 1);
    cr_assert_eq(answer, 9);
    cr_assert_eq(bh_ring_shared_submit(&client, &request, &answer, &ticket, 1), BH_OK);
    cr_assert(serve_one());
    cr_assert_eq(bh_ring_shared_wait(&client, &ticket, 0), BH_OK);
    cr_assert(ticket.status == BH_OK && answer == 15);
    cr_assert_eq(bh_ring_shared_cancel(&client, &ticket), BH_ENOENT);
    cr_assert_eq(client.ring.in_flight, 0);
}
