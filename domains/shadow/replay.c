// SPDX-License-Identifier: MIT
//
// Replay: clients do not see that their server dies. A call that has not begun waits for a server; one in which the server died is made again if the
// method is `idempotent' or `replay' and moves no buffer. Methods marked `replay' are remembered besides, with what was passed, if that is no more than
// numbers and memory: a server that starts anew gets those of a client again, in their order and under its badge, before the next call of that client.
//
// Which instance of the server serves is asked of the kernel before and after each call. One thread at a time restores; no lock is held
// meanwhile, since the server may call back.
#include "pass.h"

#include <stdlib.h>
#include <string.h>

#include "bulkhead/mutex.h"

#define POLL_NS 1000000u
#define JOURNAL_MAX 64

struct entry {
    uint32_t number, badge;
    uint64_t instance; // of the server that has had it
    uint64_t words[SHADOW_WORDS];
    uint8_t *memory;
};

static struct entry journal[JOURNAL_MAX]; // oldest first
static uint32_t journal_count;
static bool restoring;
static struct bh_mutex lock;

enum bh_error replay_start(void) {
    return bh_mutex_create(&lock);
}

static uint64_t instance_now(void) {
    struct bh_cap_info info;
    return bh_cap_list(shadow_target, &info) == BH_OK && info.index == shadow_target ? info.instance : 0;
}

static bool has(const struct shadow_method *method, enum call_way from, enum call_way to) {
    for (const struct call_parameter *one = method->parameters; one->way != CALL_END; one++)
        if (one->way >= from && one->way <= to)
            return true;
    return false;
}

static bool may_repeat(const struct shadow_method *method) {
    return method->flags && !has(method, CALL_MOVE, CALL_MOVE);
}

// Room for each parameter in memory.
static uint64_t room(const struct call_parameter *one) {
    return is_memory(one->way) ? (8ull + one->size + 15) & ~15ull : 0;
}

static uint64_t used(const struct call_parameter *one, const uint64_t words[SHADOW_WORDS]) {
    return one->way == CALL_BYTES_IN ? words[one->word + 1] : one->way == CALL_MEMORY_IN ? one->size : one->way == CALL_OPTIONAL_IN ? 8ull + one->size : 0;
}

static bool copy_call(struct entry *entry, const struct shadow_method *method, const uint64_t words[SHADOW_WORDS]) {
    uint64_t size = 0;
    for (const struct call_parameter *one = method->parameters; one->way != CALL_END; one++)
        size += room(one);
    entry->memory = calloc(1, size + 16);
    if (!entry->memory)
        return false;
    memcpy(entry->words, words, sizeof(entry->words));
    size = 0;
    for (const struct call_parameter *one = method->parameters; one->way != CALL_END; one++) {
        if (!room(one))
            continue;
        memcpy(entry->memory + size, (const void *)words[one->word], used(one, words));
        entry->words[one->word] = (uint64_t)(entry->memory + size);
        size += room(one);
    }
    return true;
}

static void remember(uint32_t number, const uint64_t words[SHADOW_WORDS], uint32_t badge, uint64_t instance) {
    struct entry entry = {.number = number, .badge = badge, .instance = instance};
    if (!copy_call(&entry, &shadow_interface.methods[number], words)) {
        bh_warn("%s.%s is not remembered: no memory", shadow_interface.name, shadow_interface.methods[number].name);
        return;
    }
    bh_mutex_lock(&lock);
    struct entry oldest = {0};
    if (journal_count == JOURNAL_MAX) {
        oldest = journal[0];
        memmove(journal, journal + 1, sizeof(journal) - sizeof(*journal));
        journal_count--;
    }
    journal[journal_count++] = entry;
    bh_mutex_unlock(&lock);
    if (oldest.memory)
        bh_warn("%s.%s is forgotten: more than %d calls to repeat", shadow_interface.name, shadow_interface.methods[oldest.number].name, JOURNAL_MAX);
    free(oldest.memory);
}

// The first call of a client that this instance has not had. The lock is held.
static struct entry *missing(uint32_t badge, uint64_t instance) {
    for (uint32_t i = 0; i < journal_count; i++)
        if (journal[i].badge == badge && journal[i].instance != instance)
            return &journal[i];
    return NULL;
}

static bool is_missing(uint32_t badge, uint64_t instance) {
    bh_mutex_lock(&lock);
    bool found = missing(badge, instance) != NULL;
    bh_mutex_unlock(&lock);
    return found;
}

// Make the remembered calls of a client. BH_EDEAD when the server dies again. While `restoring' is set nobody else takes entries out.
static enum bh_error restore(uint32_t badge, uint64_t instance) {
    struct entry *entry;
    bh_mutex_lock(&lock);
    while (restoring) {
        bh_mutex_unlock(&lock);
        bh_sleep_for(POLL_NS);
        bh_mutex_lock(&lock);
    }
    restoring = true;
    int32_t error = BH_OK;
    while (error != BH_EDEAD && (entry = missing(badge, instance)) != NULL) {
        struct entry one = *entry;
        entry->instance = instance;
        bh_mutex_unlock(&lock);
        settings_count(one.number, COUNT_REPEATED);
        error = shadow_interface.methods[one.number].call(shadow_target, one.words).error;
        if (error && error != BH_EDEAD)
            bh_warn("%s.%s, repeated for a new instance, fails: %s", shadow_interface.name, shadow_interface.methods[one.number].name,
                    bh_strerror((enum bh_error)error));
        bh_mutex_lock(&lock);
    }
    restoring = false;
    bh_mutex_unlock(&lock);
    return error == BH_EDEAD ? BH_EDEAD : BH_OK;
}

static bool wait_for_server(uint64_t deadline_ns) {
    while (!instance_now()) {
        if (bh_time_ns() >= deadline_ns)
            return false;
        bh_sleep_for(POLL_NS);
    }
    return true;
}

// Once, against one instance. `again`: it did nothing, or nothing that may not be done again.
static struct bh_result attempt(uint32_t number, const uint64_t words[SHADOW_WORDS], uint32_t badge, bool *again) {
    const struct shadow_method *method = &shadow_interface.methods[number];
    uint64_t instance = instance_now();
    *again = true;
    if (!instance || (is_missing(badge, instance) && restore(badge, instance)))
        return (struct bh_result){BH_EDEAD, 0};
    struct bh_result result = method->call(shadow_target, words);
    uint64_t after = instance_now();
    bool fresh = after != instance && is_missing(badge, after); // it may have been done by one that lacks what was remembered
    *again = after != instance && may_repeat(method) && (result.error == BH_EDEAD || fresh);
    if (*again)
        settings_count(number, COUNT_REPEATED);
    if (!*again && !result.error && method->flags & SHADOW_REPLAY && !has(method, CALL_CAP, CALL_CAP_OUT))
        remember(number, words, badge, instance);
    return result;
}

struct bh_result replay_call(uint32_t number, const uint64_t words[SHADOW_WORDS], uint64_t wait_ns) {
    uint64_t deadline_ns = bh_time_ns() + wait_ns;
    uint32_t badge = bh_badge();
    struct bh_result result = {BH_EDEAD, 0};
    bool again = true;
    while (again && wait_for_server(deadline_ns))
        result = attempt(number, words, badge, &again);
    return result;
}
