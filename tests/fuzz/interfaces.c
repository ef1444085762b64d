// SPDX-License-Identifier: MIT
//
// Calls of all interfaces, as a hostile client and a hostile server make them: words and memory come from the input, some of them then made what
// their types allow, so that the rest is reached, too. What the proxy would copy is copied, its rules are applied, the generated server is entered, and
// what it returns is judged by the rules again. The generated servers abort when something reaches them that no type allows; the trace
// decoder is shown everything, refused or not.
#include "tests/fuzz/harness.h"

#include <stdio.h>
#include <string.h>

#include "bulkhead/domain.h"
#include "trace.h"

#define AREA_MAX 16384
#define OUTS_MAX 5

static const uint8_t *at, *end;
static uint64_t addresses[64];
static FILE *nowhere;

struct result {
    uint64_t error, value;
};
typedef struct result method_function(uint64_t object, uint64_t word0, uint64_t word1, uint64_t word2, uint64_t word3, uint64_t word4);

void fuzz_fill(void *to, size_t size) {
    size_t there = (size_t)(end - at) < size ? (size_t)(end - at) : size;
    memset(to, 0, size);
    memcpy(to, at, there);
    at += there;
}

static uint8_t byte(void) {
    uint8_t value;
    fuzz_fill(&value, 1);
    return value;
}

bool fuzz_truth(void) {
    return byte() & 1;
}

// Mostly success: what comes back is judged then.
enum bh_error fuzz_error(void) {
    int8_t error;
    fuzz_fill(&error, 1);
    return error < 0 ? (enum bh_error)error : BH_OK;
}

void fuzz_read(const void *from, size_t size) {
    static volatile uint8_t sum;
    for (size_t i = 0; i < size; i++)
        sum += ((const uint8_t *)from)[i];
}

// ---- what the generated servers want of the runtime

enum bh_error bh_serve(const char *, uint32_t, uint64_t, const uint64_t *methods, uint32_t method_count, void *) {
    memcpy(addresses, methods, method_count * sizeof(*methods));
    return BH_OK;
}

enum bh_error bh_event_create(bh_cap *event) {
    *event = 1;
    return BH_OK;
}

// An event of number 7 is one that is gone.
enum bh_error bh_event_signal(bh_cap event) {
    return event % 8 == 7 ? BH_EREVOKED : BH_OK;
}

enum bh_error bh_event_wait(bh_cap, uint64_t) {
    return BH_ETIMEDOUT;
}

enum bh_error bh_cap_drop(bh_cap) {
    return BH_OK;
}

void bh_yield(void) {
    abort(); // one thread: no lock is ever held by another
}

void bh_panic(const char *format, ...) {
    (void)format;
    abort();
}

// ---- the proxy

static void put(uint8_t *place, uint8_t width, uint64_t value) {
    memcpy(place, &value, width);
}

// Give a value what its rule allows; the input says which, and sometimes that it stays as it is.
static void amend(const struct value_rule *rule, uint8_t *base) {
    uint8_t choice = byte(), *place = base + rule->offset;
    if (rule->kind == VALUE_EACH) {
        for (uint32_t i = 0; i < rule->count; i++)
            for (uint16_t inner = 1; inner <= rule->inside; inner += (uint16_t)(1 + rule[inner].inside))
                amend(&rule[inner], place + i * rule->bits);
        return;
    }
    if (choice >= 0xe0)
        return;
    if (rule->kind == VALUE_TEXT)
        place[choice % rule->count] = 0;
    else if (rule->kind == VALUE_BITS)
        put(place, rule->width, choice * 0x0101010101010101ull & rule->bits);
    else if (rule->kind == VALUE_AMONG)
        put(place, rule->width, rule->ranges[choice % (2 * rule->count)]);
    else if (rule->kind == VALUE_PRESENT) {
        put(place, rule->width, choice & 1);
        for (uint16_t inner = 1; inner <= rule->inside; inner += (uint16_t)(1 + rule[inner].inside))
            amend(&rule[inner], base);
    }
}

static void amend_given(const struct value_rule *rules, uint64_t *words, uint8_t *area) {
    for (; rules && rules->kind != VALUE_END; rules += 1 + rules->inside)
        amend(rules, rules->place == VALUE_WORDS ? (uint8_t *)words : area);
}

static void amend_returned(const struct value_rule *rules, uint64_t results[2], const uint64_t *outs) {
    for (; rules && rules->kind != VALUE_END; rules += 1 + rules->inside)
        if (rules->place == VALUE_ERROR)
            amend(rules, (uint8_t *)&results[0]);
        else if ((int32_t)results[0] == 0)
            amend(rules, rules->place == VALUE_RESULT ? (uint8_t *)&results[1] : (uint8_t *)outs[2 * (rules->place - VALUE_OUT)]);
}

// Words as proxy_check saves them: the last argument register first.
static void reverse(const uint64_t *words, uint64_t *saved) {
    for (int i = 0; i < 5; i++)
        saved[i] = words[4 - i];
}

static void call(const struct fuzz_interface *interface, uint32_t index) {
    _Alignas(16) static uint8_t area[AREA_MAX];
    const struct fuzz_method *method = &interface->methods[index];
    uint64_t words[5] = {0}, saved[5], passed[5], outs[2 * OUTS_MAX] = {0};
    const uint8_t *memory[5] = {0};
    fuzz_fill(words, (size_t)method->words * sizeof(*words));
    fuzz_fill(area, method->area_size);
    reverse(words, saved);
    amend_given(method->rules, saved, area);
    reverse(saved, words);
    for (int i = 0; i < method->words; i++) {
        const struct fuzz_word *word = &method->word[i];
        if (word->kind == FUZZ_BYTES) {
            words[i + 1] %= word->size + 9;
            if (words[i + 1] > word->size)
                return; // the proxy refuses
        }
        if (word->kind == FUZZ_OUT) {
            memset(area + word->area, 0, word->size);
            outs[2 * word->pair] = (uint64_t)(area + word->area);
        }
        memory[i] = word->kind == FUZZ_VALUE || word->kind == FUZZ_LENGTH ? NULL : area + word->area;
    }
    CHECK(trace_call(nowhere, interface->id, index, words, memory));
    if (method->rules && values_check(method->rules, saved, area).rule)
        return;
    for (int i = 0; i < 5; i++)
        passed[i] = memory[i] ? (uint64_t)memory[i] : words[i];
    struct result result = ((method_function *)addresses[index])(0, passed[0], passed[1], passed[2], passed[3], passed[4]);
    uint64_t results[2] = {(uint32_t)result.error, result.value};
    amend_returned(method->rules_back, results, outs);
    if (method->rules_back && values_check_back(method->rules_back, results, outs).rule)
        results[0] = (uint32_t)BH_EPROTO;
    CHECK(trace_back(nowhere, interface->id, index, (int32_t)results[0], results[1], words, memory));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t count = 0;
    at = data;
    end = data + size;
    while (fuzz_interfaces[count])
        count++;
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    const struct fuzz_interface *interface = fuzz_interfaces[byte() % count];
    CHECK(interface->serve() == BH_OK);
    while (at < end)
        call(interface, byte() % interface->method_count);
    while (interface->run_oneway && interface->run_oneway(0) == BH_OK)
        ;
    return 0;
}
