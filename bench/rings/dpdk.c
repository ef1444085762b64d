// SPDX-License-Identifier: MIT
//
// DPDK's rte_ring, one there and one back, its functions inlined from Debian's headers. In three ways: entries of 16 bytes in the ring itself, which is how it is
// meant; several producers; and with what our ring does besides, as far as it can be had: the requests in slots that stay until they are answered,
// every word of the other side's copied out and checked. (What it cannot have: its own indices stand in memory that both sides write.)
#include <stdlib.h>
#include <string.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "bench/rings/rings.h"

#define SIZE (sizeof(struct message))

// As rte_ring_init() does, which would need the whole environment layer of DPDK.
static struct rte_ring *make(uint32_t element, enum rte_ring_sync_type producer) {
    struct rte_ring *ring = aligned_alloc(RTE_CACHE_LINE_SIZE, (sizeof(struct rte_ring) + (size_t)element * ENTRIES + 127) / 128 * 128);
    if (!ring)
        return NULL;
    memset(ring, 0, sizeof(*ring) + (size_t)element * ENTRIES);
    ring->size = ENTRIES;
    ring->mask = ENTRIES - 1;
    ring->capacity = ENTRIES - 1;
    ring->prod.sync_type = producer;
    ring->cons.sync_type = RTE_RING_SYNC_ST;
    return ring;
}

// ---- one producer, one consumer

static struct rte_ring *there, *back[PRODUCERS_MAX];

static bool open_single(void) {
    return (there = make(SIZE, RTE_RING_SYNC_ST)) && (back[0] = make(SIZE, RTE_RING_SYNC_ST));
}

static uint32_t send(uint32_t producer, const struct message *messages, uint32_t count) {
    (void)producer;
    return rte_ring_sp_enqueue_burst_elem(there, messages, SIZE, count, NULL);
}

static uint32_t receive(uint32_t producer, struct message *messages, uint32_t most) {
    return rte_ring_sc_dequeue_burst_elem(back[producer], messages, SIZE, most, NULL);
}

static uint32_t serve(uint32_t most) {
    struct message messages[BATCH_MAX];
    uint32_t count = rte_ring_sc_dequeue_burst_elem(there, messages, SIZE, most, NULL), done = 0;
    for (uint32_t i = 0; i < count; i++)
        messages[i] = answer_to(messages[i]);
    while (done < count)
        done += rte_ring_sp_enqueue_burst_elem(back[0], messages + done, SIZE, count - done, NULL);
    return count;
}

// ---- several producers; each gets its answers by a ring of its own

// Several producers, and a ring of answers for each.
static struct many {
    struct rte_ring *there, *back[PRODUCERS_MAX];
} mp, hts;

static bool open_many(struct many *many, enum rte_ring_sync_type type) {
    many->there = make(SIZE, type);
    for (uint32_t i = 0; i < PRODUCERS_MAX; i++)
        if (!(many->back[i] = make(SIZE, RTE_RING_SYNC_ST)))
            return false;
    return many->there;
}

static bool open_mp(void) {
    return open_many(&mp, RTE_RING_SYNC_MT);
}

static bool open_hts(void) {
    return open_many(&hts, RTE_RING_SYNC_MT_HTS);
}

static uint32_t serve_many(struct many *many, uint32_t most) {
    struct message messages[BATCH_MAX];
    uint32_t count = rte_ring_sc_dequeue_burst_elem(many->there, messages, SIZE, most, NULL);
    for (uint32_t i = 0; i < count; i++) {
        messages[i] = answer_to(messages[i]);
        while (!rte_ring_sp_enqueue_burst_elem(many->back[messages[i].other % PRODUCERS_MAX], &messages[i], SIZE, 1, NULL))
            ;
    }
    return count;
}

static uint32_t send_mp(uint32_t producer, const struct message *messages, uint32_t count) {
    (void)producer;
    return rte_ring_mp_enqueue_burst_elem(mp.there, messages, SIZE, count, NULL);
}

static uint32_t receive_mp(uint32_t producer, struct message *messages, uint32_t most) {
    return rte_ring_sc_dequeue_burst_elem(mp.back[producer], messages, SIZE, most, NULL);
}

static uint32_t serve_mp(uint32_t most) {
    return serve_many(&mp, most);
}

static uint32_t send_hts(uint32_t producer, const struct message *messages, uint32_t count) {
    (void)producer;
    return rte_ring_mp_hts_enqueue_burst_elem(hts.there, messages, SIZE, count, NULL);
}

static uint32_t receive_hts(uint32_t producer, struct message *messages, uint32_t most) {
    return rte_ring_sc_dequeue_burst_elem(hts.back[producer], messages, SIZE, most, NULL);
}

static uint32_t serve_hts(uint32_t most) {
    return serve_many(&hts, most);
}

// ---- with a log, and with checks

static struct slot {
    _Alignas(64) uint32_t state;
    uint64_t sequence;
    struct message request;
} slots[ENTRIES]; // the client's
struct answer {
    uint32_t slot;
    int32_t status;
    uint64_t sequence;
    struct message answer;
};
static struct rte_ring *order, *answers;
static uint64_t sequence, waits_for[ENTRIES], in_hand[ENTRIES]; // of the client, of the client, of the server
static uint32_t hint, in_flight;

static bool open_logged(void) {
    return (order = make(sizeof(uint32_t), RTE_RING_SYNC_ST)) && (answers = make(sizeof(struct answer), RTE_RING_SYNC_ST));
}

static uint32_t send_logged(uint32_t producer, const struct message *messages, uint32_t count) {
    uint32_t chosen[BATCH_MAX];
    (void)producer;
    if (count > ENTRIES - 1 - in_flight)
        count = ENTRIES - 1 - in_flight;
    for (uint32_t i = 0; i < count; i++) {
        while (waits_for[hint])
            hint = (hint + 1) % ENTRIES;
        struct slot *slot = &slots[chosen[i] = hint];
        hint = (hint + 1) % ENTRIES;
        waits_for[chosen[i]] = slot->sequence = ++sequence;
        slot->request = messages[i];
        __atomic_store_n(&slot->state, 1, __ATOMIC_RELEASE);
    }
    in_flight += count;
    return rte_ring_sp_enqueue_burst_elem(order, chosen, sizeof(uint32_t), count, NULL);
}

static uint32_t serve_logged(uint32_t most) {
    struct answer out[BATCH_MAX];
    uint32_t taken[BATCH_MAX], count = rte_ring_sc_dequeue_burst_elem(order, taken, sizeof(uint32_t), most, NULL), good = 0, done = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = taken[i];
        if (slot >= ENTRIES || in_hand[slot] || __atomic_load_n(&slots[slot].state, __ATOMIC_ACQUIRE) != 1)
            continue;
        struct message request = slots[slot].request;
        in_hand[slot] = *(volatile uint64_t *)&slots[slot].sequence;
        out[good++] = (struct answer){slot, 0, in_hand[slot], answer_to(request)};
        in_hand[slot] = 0;
    }
    while (done < good)
        done += rte_ring_sp_enqueue_burst_elem(answers, out + done, sizeof(struct answer), good - done, NULL);
    return good;
}

static uint32_t receive_logged(uint32_t producer, struct message *messages, uint32_t most) {
    struct answer in[BATCH_MAX];
    uint32_t count = rte_ring_sc_dequeue_burst_elem(answers, in, sizeof(struct answer), most, NULL), good = 0;
    (void)producer;
    for (uint32_t i = 0; i < count; i++) {
        if (in[i].slot >= ENTRIES || !in[i].sequence || waits_for[in[i].slot] != in[i].sequence)
            continue;
        waits_for[in[i].slot] = 0;
        __atomic_store_n(&slots[in[i].slot].state, 0, __ATOMIC_RELEASE);
        messages[good++] = in[i].answer;
    }
    in_flight -= good;
    return good;
}

[[gnu::constructor]] static void add(void) {
    static const uint32_t batches[] = {1, 8, 32}, one[] = {1};
    struct kind single = {.group = "throughput", .name = "rte_ring", .what = "rte_ring, one producer and one consumer, there and back", .where = WHERE_TWO_PROCESSORS,
                          .window = 64, .messages = 5000, .send = send, .receive = receive, .serve = serve, .open = open_single};
    add_kinds(single, batches, 3);
    single.open = NULL;
    single.group = "one processor", single.where = WHERE_ONE_THREAD, single.window = 32;
    add_kinds(single, batches, 3);
    single.group = "latency", single.where = WHERE_TWO_PROCESSORS, single.window = 1, single.messages = 1000;
    add_kinds(single, one, 1);
    struct kind logged = {.group = "throughput", .name = "rte_ring-logged", .what = "rte_ring with a log of requests, copies and checks", .where = WHERE_TWO_PROCESSORS,
                          .window = 64, .messages = 5000, .send = send_logged, .receive = receive_logged, .serve = serve_logged, .open = open_logged};
    add_kinds(logged, batches, 3);
    logged.open = NULL;
    logged.group = "one processor", logged.where = WHERE_ONE_THREAD, logged.window = 32;
    add_kinds(logged, batches, 3);
    logged.group = "latency", logged.where = WHERE_TWO_PROCESSORS, logged.window = 1, logged.messages = 1000;
    add_kinds(logged, one, 1);
    struct kind two = {.group = "two clients", .name = "rte_ring-mp", .what = "rte_ring, several producers", .where = WHERE_TWO_PROCESSORS, .window = 64,
                       .producers = 2, .messages = 4000, .send = send_mp, .receive = receive_mp, .serve = serve_mp, .open = open_mp};
    add_kinds(two, batches, 3);
    two.name = "rte_ring-hts", two.what = "rte_ring, several producers, head and tail as one (HTS)";
    two.send = send_hts, two.receive = receive_hts, two.serve = serve_hts, two.open = open_hts;
    add_kinds(two, batches, 3);
}
