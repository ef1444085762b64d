// SPDX-License-Identifier: MIT
//
// Rings as domains have them: runtime/ring*.c itself, compiled for this process.
#include "bench/rings/rings.h"

#include <string.h>

#include "bulkhead/ring.h"
#include "bulkhead/ring_set.h"
#include "bulkhead/ring_shared.h"

static struct bh_ring client, server;

static bool open_pair(void) {
    ring_pair(&client, &server);
    return true;
}

static uint32_t send(uint32_t producer, const struct message *messages, uint32_t count) {
    uint32_t slots[BATCH_MAX];
    (void)producer;
    return bh_ring_submit_batch(&client, messages, count, slots);
}

static uint32_t receive(uint32_t producer, struct message *messages, uint32_t most) {
    uint32_t slots[BATCH_MAX], count;
    enum bh_error statuses[BATCH_MAX];
    (void)producer;
    return bh_ring_complete_batch(&client, most, slots, statuses, messages, &count) ? 0 : count;
}

static uint32_t serve_ring(struct bh_ring *ring, uint32_t most) {
    struct message messages[BATCH_MAX];
    uint32_t slots[BATCH_MAX], count;
    if (bh_ring_take_batch(ring, most, slots, messages, &count))
        return 0;
    for (uint32_t i = 0; i < count; i++)
        messages[i] = answer_to(messages[i]);
    (void)bh_ring_finish_batch(ring, count, slots, NULL, messages);
    return count;
}

static uint32_t serve(uint32_t most) {
    return serve_ring(&server, most);
}

// ---- the same when either side may sleep

static uint32_t send_and_notify(uint32_t producer, const struct message *messages, uint32_t count) {
    count = send(producer, messages, count);
    bh_ring_submit_notify(&client);
    return count;
}

static uint32_t receive_or_sleep(uint32_t producer, struct message *messages, uint32_t most) {
    uint32_t count;
    while (!(count = receive(producer, messages, most)))
        (void)bh_ring_wait_completions(&client, client.in_flight / 2, 0);
    return count;
}

static uint32_t serve_or_sleep(uint32_t most) {
    uint32_t count;
    while (!(count = serve(most)))
        (void)bh_ring_wait_submit(&server, 0);
    bh_ring_finish_notify(&server);
    return count;
}

// Who looks for a while before it sleeps saves the other side most events, as long as both have a processor.
#define LOOKS 500

static uint32_t receive_or_sleep_late(uint32_t producer, struct message *messages, uint32_t most) {
    for (uint32_t i = 0; i < LOOKS; i++) {
        uint32_t count = receive(producer, messages, most);
        if (count)
            return count;
        __builtin_ia32_pause();
    }
    return receive_or_sleep(producer, messages, most);
}

static uint32_t serve_or_sleep_late(uint32_t most) {
    for (uint32_t i = 0; i < LOOKS; i++) {
        uint32_t count = serve(most);
        if (count) {
            bh_ring_finish_notify(&server);
            return count;
        }
        __builtin_ia32_pause();
    }
    return serve_or_sleep(most);
}

// Awake as long as there is something, as one who polls, but the other side cannot know.
static uint32_t serve_and_notify(uint32_t most) {
    uint32_t count = serve(most);
    if (count)
        bh_ring_finish_notify(&server);
    return count;
}

// ---- two clients: each with a ring of its own to one server, or as threads would on one ring

static struct bh_ring clients[PRODUCERS_MAX], servers[PRODUCERS_MAX];
static struct bh_ring_set set;

static bool open_set(void) {
    if (bh_ring_set_create(&set))
        return false;
    for (uint32_t i = 0; i < PRODUCERS_MAX; i++) {
        ring_pair(&clients[i], &servers[i]);
        if (bh_ring_set_add(&set, &servers[i], 0, BATCH_MAX))
            return false;
    }
    return true;
}

static uint32_t send_of_two(uint32_t producer, const struct message *messages, uint32_t count) {
    uint32_t slots[BATCH_MAX];
    return bh_ring_submit_batch(&clients[producer], messages, count, slots);
}

static uint32_t receive_of_two(uint32_t producer, struct message *messages, uint32_t most) {
    uint32_t slots[BATCH_MAX], count;
    enum bh_error statuses[BATCH_MAX];
    return bh_ring_complete_batch(&clients[producer], most, slots, statuses, messages, &count) ? 0 : count;
}

static uint32_t serve_set(uint32_t most) {
    struct message messages[BATCH_MAX];
    struct bh_ring *ring;
    uint32_t slots[BATCH_MAX], count;
    if (bh_ring_set_take_batch(&set, most, &ring, slots, messages, &count))
        return 0;
    for (uint32_t i = 0; i < count; i++)
        messages[i] = answer_to(messages[i]);
    (void)bh_ring_finish_batch(ring, count, slots, NULL, messages);
    return count;
}

static struct bh_ring_shared shared;
static struct bh_ring shared_server;
static struct pending {
    struct bh_ring_ticket tickets[ENTRIES];
    struct message answers[ENTRIES];
    uint32_t sent, received;
} pending[PRODUCERS_MAX];

static bool open_shared(void) {
    if (bh_ring_shared_attach("ring", &shared))
        return false;
    ring_server_of(&shared.ring, &shared_server);
    return true;
}

static uint32_t send_shared(uint32_t producer, const struct message *messages, uint32_t count) {
    struct pending *mine = &pending[producer];
    for (uint32_t i = 0; i < count; i++, mine->sent++) {
        uint32_t at = mine->sent % ENTRIES;
        if (bh_ring_shared_submit(&shared, &messages[i], &mine->answers[at], &mine->tickets[at], 0))
            return i;
    }
    return count;
}

static uint32_t receive_shared(uint32_t producer, struct message *messages, uint32_t most) {
    struct pending *mine = &pending[producer];
    uint32_t at = mine->received % ENTRIES;
    (void)most;
    if (mine->received == mine->sent || bh_ring_shared_wait(&shared, &mine->tickets[at], 0))
        return 0;
    messages[0] = mine->answers[at];
    mine->received++;
    return 1;
}

static uint32_t serve_shared(uint32_t most) {
    uint32_t count = 0;
    for (uint32_t looks = 0; !count; looks++) {
        count = serve_ring(&shared_server, most);
        if (!count && looks >= LOOKS)
            (void)bh_ring_wait_submit(&shared_server, 0);
    }
    bh_ring_finish_notify(&shared_server);
    return count;
}

[[gnu::constructor]] static void add(void) {
    static const uint32_t batches[] = {1, 8, 32}, one[] = {1};
    add_kinds((struct kind){.group = "throughput", .name = "ring", .what = "our ring", .where = WHERE_TWO_PROCESSORS, .window = 64, .messages = 5000,
                            .send = send, .receive = receive, .serve = serve, .open = open_pair}, batches, 3);
    add_kinds((struct kind){.group = "throughput", .name = "ring-notify", .what = "our ring, each batch ready to wake who sleeps", .where = WHERE_TWO_PROCESSORS,
                            .window = 64, .messages = 5000, .send = send_and_notify, .receive = receive, .serve = serve_and_notify}, batches, 3);
    add_kinds((struct kind){.group = "throughput", .name = "ring-events", .what = "our ring, both sides sleep when there is nothing", .where = WHERE_TWO_PROCESSORS,
                            .window = 64, .messages = 2000, .send = send_and_notify, .sleeps = true, .receive = receive_or_sleep, .serve = serve_or_sleep}, batches, 3);
    add_kinds((struct kind){.group = "throughput", .name = "ring-late", .what = "our ring, both sides look for a while before they sleep", .where = WHERE_TWO_PROCESSORS,
                            .window = 64, .messages = 5000, .send = send_and_notify, .sleeps = true, .receive = receive_or_sleep_late, .serve = serve_or_sleep_late}, batches, 3);
    add_kinds((struct kind){.group = "latency", .name = "ring-late", .what = "our ring, both sides look for a while before they sleep", .where = WHERE_TWO_PROCESSORS,
                            .window = 1, .messages = 1000, .send = send_and_notify, .sleeps = true, .receive = receive_or_sleep_late, .serve = serve_or_sleep_late}, one, 1);
    add_kinds((struct kind){.group = "latency", .name = "ring", .what = "our ring, polled", .where = WHERE_TWO_PROCESSORS, .window = 1, .messages = 1000,
                            .send = send, .receive = receive, .serve = serve}, one, 1);
    add_kinds((struct kind){.group = "latency", .name = "ring-events", .what = "our ring, both sides sleep", .where = WHERE_TWO_PROCESSORS, .window = 1,
                            .messages = 300, .send = send_and_notify, .sleeps = true, .receive = receive_or_sleep, .serve = serve_or_sleep}, one, 1);
    add_kinds((struct kind){.group = "one processor", .name = "ring", .what = "our ring, one thread in turn", .where = WHERE_ONE_THREAD, .window = 32, .messages = 5000,
                            .send = send, .receive = receive, .serve = serve}, batches, 3);
    add_kinds((struct kind){.group = "one processor", .name = "ring-events", .what = "our ring, two threads that sleep in turn", .where = WHERE_ONE_PROCESSOR,
                            .window = 32, .messages = 2000, .send = send_and_notify, .sleeps = true, .receive = receive_or_sleep, .serve = serve_or_sleep}, batches, 3);
    add_kinds((struct kind){.group = "two clients", .name = "ring-set", .what = "two of our rings in a set", .where = WHERE_TWO_PROCESSORS, .window = 64,
                            .producers = 2, .messages = 4000, .send = send_of_two, .receive = receive_of_two, .serve = serve_set, .open = open_set}, batches, 3);
    add_kinds((struct kind){.group = "two clients", .name = "ring-shared", .what = "one of our rings, shared under a lock, with events", .where = WHERE_TWO_PROCESSORS,
                            .window = 64, .producers = 2, .messages = 5000, .send = send_shared, .sleeps = true, .receive = receive_shared, .serve = serve_shared,
                            .open = open_shared}, batches, 2);
}
