// SPDX-License-Identifier: MIT
//
// Faults on purpose, the same ones for the same seed and calls in the same order: which call is a matter of counting, which fault and which bit of a
// generator of pseudo-random numbers (xorshift64*, Vigna, 2016).
#include "pass.h"

static uint64_t state;      // of the generator
static uint64_t seeded;     // from which
static uint32_t considered; // calls

static uint64_t chance(const struct bh_shadow_settings *settings) {
    if (seeded != settings->seed + 1) { // another seed, or the first call
        seeded = settings->seed + 1;
        state = seeded * 0x9e3779b97f4a7c15ull | 1;
    }
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dull;
}

static bool is_chosen(uint32_t number, const struct bh_shadow_settings *settings) {
    if (!settings->every || !settings->faults || (settings->method_present && settings->method != number))
        return false;
    return __atomic_add_fetch(&considered, 1, __ATOMIC_RELAXED) % settings->every == 0;
}

static uint32_t choose_fault(const struct bh_shadow_settings *settings) {
    uint32_t faults = settings->faults;
    for (uint64_t skip = chance(settings) % (uint64_t)__builtin_popcount(faults); skip; skip--)
        faults &= faults - 1;
    return faults & -faults;
}

// The memory that a parameter came back in, and its size; NULL: it did not come back in memory.
static uint8_t *returned_memory(const struct call_parameter *one, const uint64_t words[SHADOW_WORDS], uint64_t *size) {
    uint8_t *memory = (uint8_t *)words[one->word];
    *size = one->size;
    if (one->way == CALL_WORD_OUT || one->way == CALL_MEMORY_OUT)
        return memory;
    if (one->way != CALL_OPTIONAL_OUT && one->way != CALL_BYTES_OUT)
        return NULL;
    if (one->way == CALL_BYTES_OUT)
        *size = *(const uint64_t *)memory < one->size ? *(const uint64_t *)memory : one->size;
    return memory + 8;
}

// One bit of one of the results.
static void flip(const struct shadow_method *method, const uint64_t words[SHADOW_WORDS], struct bh_result *result, uint64_t random) {
    uint64_t size, bits = 0, bit = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (const struct call_parameter *one = method->parameters; one->way != CALL_END; one++) {
            uint8_t *memory = one->way == CALL_RESULT ? (uint8_t *)&result->value : returned_memory(one, words, &size);
            uint64_t here = one->way == CALL_RESULT ? 8 * one->size : memory ? 8 * size : 0;
            if (!pass)
                bits += here;
            else if (bit < here) {
                memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
                return;
            } else
                bit -= here;
        }
        if (!bits)
            return;
        bit = random % bits;
    }
}

static struct bh_result call(uint32_t number, const uint64_t words[SHADOW_WORDS], const struct bh_shadow_settings *settings) {
    if (settings->mode & BH_SHADOW_MODE_REPLAY)
        return replay_call(number, words, settings->wait_ns);
    return shadow_interface.methods[number].call(shadow_target, words);
}

static struct bh_result lose(const struct shadow_method *method, struct bh_result result) {
    for (const struct call_parameter *one = method->parameters; one->way != CALL_END; one++)
        if (one->way == CALL_CAP_OUT && !result.error)
            (void)bh_cap_drop((bh_cap)result.value);
    return (struct bh_result){BH_EDEAD, 0};
}

struct bh_result inject_call(uint32_t number, const uint64_t words[SHADOW_WORDS], const struct bh_shadow_settings *settings) {
    if (!is_chosen(number, settings))
        return call(number, words, settings);
    uint32_t fault = choose_fault(settings);
    settings_count(number, COUNT_INJECTED);
    if (fault == BH_SHADOW_FAULT_FAIL)
        return (struct bh_result){settings->error, 0};
    if (fault == BH_SHADOW_FAULT_DELAY)
        bh_sleep_for(settings->delay_ns);
    struct bh_result result = call(number, words, settings);
    if (fault == BH_SHADOW_FAULT_LOSE)
        return lose(&shadow_interface.methods[number], result);
    if (fault == BH_SHADOW_FAULT_FLIP && !result.error)
        flip(&shadow_interface.methods[number], words, &result, chance(settings));
    return result;
}
