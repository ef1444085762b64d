// SPDX-License-Identifier: MIT
//
// Both sides of a ring on one piece of memory, without a kernel.
#ifndef RING_WORLD_H
#define RING_WORLD_H

#include "bulkhead/domain.h"
#include "bulkhead/ring.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

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
static void (*during_wait)(void);
static enum bh_error wait_result = BH_ETIMEDOUT;
static bool event_lost; // signalling is refused: there is no such capability
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
    return event_lost ? BH_ECAP : BH_OK;
}

void bh_panic(const char *format, ...) {
    (void)format;
    abort();
}

enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns) {
    (void)event, (void)deadline_ns;
    if (during_wait)
        during_wait();
    return wait_result;
}

static inline struct bh_ring_completions *completions(void) {
    return (struct bh_ring_completions *)completion_pages;
}

static inline struct bh_ring_requests *requests(void) {
    return (struct bh_ring_requests *)request_pages;
}

// Exactly as much memory as the layout says, so that the sanitizer sees each step over the edge.
static inline void set_up(void) {
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

static inline void server_dies_and_returns(void) {
    memset(completion_pages, 0, completion_pages_size); // as the kernel does
    header->epoch++;
    cr_assert_eq(bh_ring_attach("ring", &server), BH_OK);
}

// A new server waits until the client has seen that there is one.
static inline void client_looks(void) {
    struct completion completion;
    enum bh_error status;
    uint32_t slot;
    cr_assert_eq(bh_ring_complete(&client, &slot, &status, &completion), BH_EAGAIN);
}

static inline enum bh_error submit(uint64_t value, uint32_t *slot) {
    struct request request = {value, ~value, 0};
    return bh_ring_submit(&client, &request, slot);
}

static inline bool serve_one(void) {
    struct request request;
    uint32_t slot;
    if (bh_ring_take(&server, &slot, &request) != BH_OK)
        return false;
    cr_assert_eq(request.check, ~request.value);
    struct completion completion = {(uint32_t)request.value + 1, ~(uint32_t)request.value, 0};
    cr_assert_eq(bh_ring_finish(&server, slot, BH_OK, &completion), BH_OK);
    return true;
}

static inline bool collect_one(uint64_t *value) {
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

#endif
