// SPDX-License-Identifier: MIT
//
// What each guarantee of our ring costs: one ring, written for entries of one size, from which they are taken away one after the other. The first rung keeps all and
// does what runtime/ring_client.c and ring_server.c do, word by word; the last one is two queues and nothing else.
#include "bench/rings/rings.h"

#include <stdatomic.h>
#include <string.h>

enum keep : uint32_t {
    KEEP_EVENTS = 1, // the peer may sleep: a look at its wish behind each batch, after a barrier
    KEEP_CHECKS = 2, // the peer may lie: indices, states and numbers are compared with what this side knows
    KEEP_LOG = 4,    // the server may die: requests stay in slots until they are answered, in any order
    KEEP_COPIES = 8, // entries are copied out before they are used
};
#define RUNG(name, mask) enum { name = (mask) }
RUNG(RUNG_ALL, KEEP_EVENTS | KEEP_CHECKS | KEEP_LOG | KEEP_COPIES);
RUNG(RUNG_NO_EVENTS, KEEP_CHECKS | KEEP_LOG | KEEP_COPIES);
RUNG(RUNG_NO_CHECKS, KEEP_LOG | KEEP_COPIES);
RUNG(RUNG_NO_LOG, KEEP_COPIES);
RUNG(RUNG_BARE, 0);

#define MASK (ENTRIES - 1)
#define LINE _Alignas(64)

struct slot {
    LINE _Atomic uint32_t state;
    uint64_t sequence;
    struct message request;
};
struct answer {
    uint32_t slot;
    int32_t status;
    uint64_t sequence;
    struct message answer;
};

static struct ladder {
    // request pages
    LINE _Atomic uint32_t submit_tail;
    LINE _Atomic uint32_t completion_wish;
    LINE _Atomic uint32_t order[ENTRIES];
    struct slot slots[ENTRIES];
    LINE struct message requests[ENTRIES]; // without the log
    // completion pages
    LINE _Atomic uint32_t completion_tail;
    LINE _Atomic uint32_t submit_wish;
    LINE struct answer answers[ENTRIES];
    // the kernel's
    LINE _Atomic uint32_t epoch;
    // the client's own
    LINE uint32_t posted, taken, peer_tail, notified, hint, in_flight, epoch_seen;
    uint64_t sequence, waits_for[ENTRIES];
    // the server's own
    LINE uint32_t server_posted, server_taken, server_peer_tail, server_notified;
    uint64_t in_hand[ENTRIES];
} ladder;
static uint32_t breaches; // there are none

static inline void notify(uint32_t *notified, uint32_t posted, const _Atomic uint32_t *wish) {
    uint32_t before = __atomic_exchange_n(notified, posted, __ATOMIC_SEQ_CST);
    if (posted - atomic_load_explicit(wish, memory_order_relaxed) - 1 < posted - before)
        breaches++; // nobody sleeps here: it wraps around to the wish once in 2^32 messages
}

// ---- client

static inline __attribute__((always_inline)) uint32_t send(uint32_t keep, const struct message *messages, uint32_t count) {
    struct ladder *l = &ladder;
    uint32_t candidate = l->hint, posted = l->posted, room = ENTRIES - l->in_flight;
    count = count < room ? count : room;
    for (uint32_t i = 0; i < count; i++, posted++) {
        if (!(keep & KEEP_LOG)) {
            l->requests[posted & MASK] = messages[i];
            continue;
        }
        while (l->waits_for[candidate & MASK])
            candidate++;
        uint32_t index = candidate++ & MASK;
        l->waits_for[index] = l->slots[index].sequence = ++l->sequence;
        l->slots[index].request = messages[i];
        atomic_store_explicit(&l->slots[index].state, 1, memory_order_release);
        atomic_store_explicit(&l->order[posted & MASK], index, memory_order_relaxed);
    }
    l->hint = candidate & MASK;
    l->posted = posted;
    l->in_flight += count;
    atomic_store_explicit(&l->submit_tail, posted, memory_order_release);
    if (keep & KEEP_EVENTS)
        notify(&l->notified, posted, &l->submit_wish);
    return count;
}

// One answer; false: it makes no sense.
static inline __attribute__((always_inline)) bool take_answer(uint32_t keep, struct message *message) {
    struct ladder *l = &ladder;
    struct answer *entry = &l->answers[l->taken & MASK];
    uint32_t slot = entry->slot;
    if (keep & KEEP_CHECKS) {
        uint64_t sequence = __atomic_load_n(&entry->sequence, __ATOMIC_ACQUIRE);
        slot = *(volatile uint32_t *)&entry->slot;
        if (slot >= ENTRIES || !sequence || l->waits_for[slot] != sequence)
            return false;
        *message = entry->answer;
        atomic_thread_fence(memory_order_acquire);
        if (*(volatile uint64_t *)&entry->sequence != sequence)
            return false;
    } else
        *message = entry->answer;
    l->taken++;
    if (keep & KEEP_LOG) {
        l->waits_for[slot] = 0;
        atomic_store_explicit(&l->slots[slot].state, 0, memory_order_release);
    }
    return true;
}

static inline __attribute__((always_inline)) uint32_t receive(uint32_t keep, struct message *messages, uint32_t most) {
    struct ladder *l = &ladder;
    uint32_t done = 0;
    if ((keep & KEEP_LOG) && atomic_load_explicit(&l->epoch, memory_order_acquire) != l->epoch_seen)
        return 0;
    if (l->peer_tail == l->taken)
        l->peer_tail = atomic_load_explicit(&l->completion_tail, memory_order_acquire);
    uint32_t ready = l->peer_tail - l->taken;
    if ((keep & KEEP_CHECKS) && ready > ENTRIES) {
        breaches++;
        return 0;
    }
    while (done < most && done < ready && take_answer(keep, &messages[done]))
        done++;
    l->in_flight -= done;
    return done;
}

// ---- server

static inline __attribute__((always_inline)) void give_answer(uint32_t keep, uint32_t slot, struct message answer) {
    struct ladder *l = &ladder;
    struct answer *entry = &l->answers[l->server_posted++ & MASK];
    if (keep & KEEP_CHECKS) {
        __atomic_store_n(&entry->sequence, 0, __ATOMIC_RELAXED);
        atomic_thread_fence(memory_order_release);
    }
    if (keep & KEEP_LOG) {
        entry->slot = slot;
        entry->status = 0;
    }
    entry->answer = answer;
    if (keep & KEEP_LOG) {
        __atomic_store_n(&entry->sequence, l->in_hand[slot], __ATOMIC_RELEASE);
        l->in_hand[slot] = 0;
    }
}

// One request, as `*slot' and its contents; false: it makes no sense.
static inline __attribute__((always_inline)) bool take_request(uint32_t keep, uint32_t *slot, struct message *message) {
    struct ladder *l = &ladder;
    uint32_t at = l->server_taken++ & MASK;
    if (!(keep & KEEP_LOG)) {
        *message = l->requests[at];
        return true;
    }
    *slot = atomic_load_explicit(&l->order[at], memory_order_relaxed);
    if ((keep & KEEP_CHECKS) && (*slot >= ENTRIES || l->in_hand[*slot]))
        return false;
    uint32_t state = atomic_load_explicit(&l->slots[*slot].state, memory_order_acquire);
    uint64_t sequence = *(volatile uint64_t *)&l->slots[*slot].sequence;
    if ((keep & KEEP_CHECKS) && (state != 1 || !sequence))
        return false;
    l->in_hand[*slot] = sequence;
    *message = l->slots[*slot].request;
    return true;
}

static inline __attribute__((always_inline)) uint32_t serve(uint32_t keep, uint32_t most) {
    struct ladder *l = &ladder;
    struct message messages[BATCH_MAX];
    uint32_t slots[BATCH_MAX], count = 0;
    if (l->server_peer_tail == l->server_taken)
        l->server_peer_tail = atomic_load_explicit(&l->submit_tail, memory_order_acquire);
    uint32_t ready = l->server_peer_tail - l->server_taken;
    if ((keep & KEEP_CHECKS) && ready > ENTRIES) {
        breaches++;
        return 0;
    }
    ready = ready < most ? ready : most;
    if (!(keep & KEEP_COPIES)) { // from the client's memory to its answer at once
        for (; count < ready; count++)
            give_answer(keep, 0, answer_to(l->requests[l->server_taken++ & MASK]));
    } else {
        while (count < ready && take_request(keep, &slots[count], &messages[count]))
            count++;
        for (uint32_t i = 0; i < count; i++)
            messages[i] = answer_to(messages[i]);
        for (uint32_t i = 0; i < count; i++)
            give_answer(keep, keep & KEEP_LOG ? slots[i] : 0, messages[i]);
    }
    if (!count)
        return 0;
    atomic_store_explicit(&l->completion_tail, l->server_posted, memory_order_release);
    if (keep & KEEP_EVENTS)
        notify(&l->server_notified, l->server_posted, &l->completion_wish);
    return count;
}

// The same memory for all rungs: each leaves the indices equal and the slots free. Nobody wishes for an event.
static bool open_ladder(void) {
    ladder.completion_wish = ladder.submit_wish = 1u << 31;
    return true;
}

#define FUNCTIONS(rung, keep)                                                                                                       \
    static uint32_t send_##rung(uint32_t, const struct message *messages, uint32_t count) { return send(keep, messages, count); }   \
    static uint32_t receive_##rung(uint32_t, struct message *messages, uint32_t most) { return receive(keep, messages, most); }     \
    static uint32_t serve_##rung(uint32_t most) { return serve(keep, most); }
FUNCTIONS(all, RUNG_ALL)
FUNCTIONS(no_events, RUNG_NO_EVENTS)
FUNCTIONS(no_checks, RUNG_NO_CHECKS)
FUNCTIONS(no_log, RUNG_NO_LOG)
FUNCTIONS(bare, RUNG_BARE)

[[gnu::constructor]] static void add(void) {
    static const uint32_t batches[] = {1, 8, 32};
    const struct kind rungs[] = {
        {.name = "all", .what = "with all guarantees, for entries of one size", .send = send_all, .receive = receive_all, .serve = serve_all, .open = open_ladder},
        {.name = "no-events", .what = "... and no events: the peer never sleeps", .send = send_no_events, .receive = receive_no_events, .serve = serve_no_events},
        {.name = "no-checks", .what = "... and no checks: the peer never lies", .send = send_no_checks, .receive = receive_no_checks, .serve = serve_no_checks},
        {.name = "no-log", .what = "... and no log: the server never dies, answers in order", .send = send_no_log, .receive = receive_no_log, .serve = serve_no_log},
        {.name = "bare", .what = "... and no copies: the peer never changes what it has sent", .send = send_bare, .receive = receive_bare, .serve = serve_bare},
    };
    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++) {
        struct kind kind = rungs[i];
        kind.group = "guarantees", kind.where = WHERE_TWO_PROCESSORS, kind.window = 64, kind.messages = 5000;
        add_kinds(kind, batches, 3);
        kind.group = "guarantees in turn", kind.where = WHERE_ONE_THREAD, kind.window = 32, kind.open = NULL;
        add_kinds(kind, batches, 3);
    }
}
