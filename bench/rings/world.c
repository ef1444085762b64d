// SPDX-License-Identifier: MIT
//
// What runtime/ring*.c asks of the kernel, in this process: rings in memory of their own, and events made of a futex, so that signals and sleeps cost
// what they cost between processes of Linux.
#include "bench/rings/rings.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bulkhead/cap.h"
#include "bulkhead/ring.h"
#include "runtime/calls.h"

#define RINGS_MAX 64
#define EVENTS_MAX 512 // the last 2 * RINGS_MAX are those of rings
#define PAGE 4096u
#define PAGES_EACH 32 // of requests, and of completions

static uint8_t *memory[RINGS_MAX];
static uint32_t rings;
static bool as_server;
static struct {
    _Alignas(64) _Atomic uint32_t signalled, sleepers;
} events[EVENTS_MAX];
static _Atomic uint32_t event_count = 1;

static void ring_create(void) {
    void *start = rings < RINGS_MAX ? mmap(NULL, (1 + 2 * PAGES_EACH) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)
                                    : MAP_FAILED;
    if (start == MAP_FAILED) {
        fputs("rings: no memory for a ring\n", stderr);
        exit(1);
    }
    memory[rings++] = start;
}

// Of runtime/ring_server.c, when events stop working.
[[noreturn]] void bh_panic(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    exit(1);
}

enum bh_error bh_cap_find(const char *name, bh_cap *cap) {
    (void)name;
    ring_create();
    *cap = rings - 1;
    return BH_OK;
}

enum bh_error bh_cap_drop(bh_cap cap) {
    (void)cap;
    return BH_OK;
}

enum bh_error bh_call_ring_attach(bh_cap cap, struct bh_ring_info *info) {
    uint64_t start = (uint64_t)memory[cap];
    *info = (struct bh_ring_info){.header = start, .requests = start + PAGE, .completions = start + (1 + PAGES_EACH) * PAGE, .entry_count = ENTRIES,
                                  .request_size = sizeof(struct message), .completion_size = sizeof(struct message), .is_server = as_server,
                                  .submit_event = EVENTS_MAX - 2 - 2 * cap, .completion_event = EVENTS_MAX - 1 - 2 * cap};
    return BH_OK;
}

void ring_server_of(const struct bh_ring *client, struct bh_ring *server) {
    as_server = true;
    if (bh_ring_attach_cap(client->cap, server) != BH_OK)
        abort();
    as_server = false;
}

void ring_pair(struct bh_ring *client, struct bh_ring *server) {
    if (bh_ring_attach("ring", client) != BH_OK)
        abort();
    ring_server_of(client, server);
}

// Everybody is honest here: whatever is found wrong is our mistake, and the numbers are worth nothing.
enum bh_error bh_call_ring_accuse(bh_cap ring, uint64_t value, const char *what, size_t size, uint32_t epoch) {
    fprintf(stderr, "rings: ring %u, epoch %u: %.*s (%llu)\n", ring, epoch, (int)size, what, (unsigned long long)value);
    abort();
}

// The events of rings that stand in a set are the set's: all of them are one here.
static bh_cap forwarded[EVENTS_MAX];

enum bh_error bh_call_ring_forward(bh_cap ring, bh_cap event) {
    forwarded[EVENTS_MAX - 2 - 2 * ring] = event;
    return BH_OK;
}

enum bh_error bh_event_create(bh_cap *event) {
    *event = event_count++;
    return *event < EVENTS_MAX - 2 * RINGS_MAX ? BH_OK : BH_EQUOTA;
}

enum bh_error bh_event_signal(bh_cap event) {
    event = forwarded[event] ? forwarded[event] : event;
    if (!events[event].signalled++ && events[event].sleepers)
        syscall(SYS_futex, &events[event].signalled, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    return BH_OK;
}

enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns) {
    (void)deadline_ns;
    events[event].sleepers++;
    while (!events[event].signalled)
        syscall(SYS_futex, &events[event].signalled, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    events[event].sleepers--;
    events[event].signalled = 0;
    return BH_OK;
}

enum bh_error bh_call_event_signal(bh_cap event) {
    return bh_event_signal(event);
}

uint64_t bh_time_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bh_yield(void) {
    sched_yield();
}
