// SPDX-License-Identifier: MIT
//
// Repeatable chance, and registers such as an attacker would choose: pointers to what is mapped in the slot, the same with another
// upper half, edges of the slot, and numbers that make useful indices.
#include "tests/verifier/containment/sandbox.h"

#define TARGETS_MAX 64

static uint64_t state = 1;

void random_seed(uint64_t seed) {
    state = seed * 0x9e3779b97f4a7c15ull + 1;
}

uint64_t random_word(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

uint32_t random_below(uint32_t limit) {
    return (uint32_t)(random_word() % limit);
}

static uint32_t data_start = DATA_START, text_start = TEXT_START, text_size = 1, functions[TARGETS_MAX], function_count;

void random_targets(const struct verified_image *image) {
    data_start = DATA_START;
    for (uint32_t i = 0; i < image->segment_count; i++)
        if (image->segments[i].protection & VERIFY_WRITE)
            data_start = image->segments[i].start;
    text_start = image->text_start;
    text_size = image->text_end - image->text_start;
    function_count = image->function_count < TARGETS_MAX ? image->function_count : TARGETS_MAX;
    for (uint32_t i = 0; i < function_count; i++)
        functions[i] = image->functions[i];
}

static uint64_t mapped_offset(void) {
    const uint32_t starts[] = {data_start, BH_SLOT_HEAP, BH_SLOT_STACKS, BH_SLOT_EXCHANGE, data_start};
    uint64_t offset = starts[random_below(5)] + random_below(0xff00);
    if (function_count && random_below(8) == 0)
        return random_below(2) ? functions[random_below(function_count)] : text_start + random_below(text_size);
    return random_below(2) ? offset & ~15ull : offset;
}

uint64_t random_pointer(void) {
    static const uint64_t edges[] = {0, 8, 0xfff8, 0x10000, BH_SLOT_IMAGE, TEXT_START, TEXT_START + 1, 0xfffeffff, 0xffff0000,
                                     0xffffffff, 0xfffffff8, 0x7fffffff, 0x80000000};
    static const uint64_t upper_halves[] = {0, BASE, BASE - BH_SLOT_SIZE, BASE + BH_SLOT_SIZE, NOWHERE, 0x7f0000000000};
    switch (random_below(8)) {
    case 0: return random_below(64);
    case 1: return (uint64_t)-(int64_t)random_below(64);
    case 2: return edges[random_below(13)] + upper_halves[random_below(6)];
    default: return mapped_offset() + upper_halves[random_below(6)];
    }
}

struct registers random_registers(void) {
    struct registers r;
    uint64_t *words = &r.rax;
    for (int i = 0; i < 15; i++)
        words[i] = random_pointer();
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 2; k++)
            r.vectors[i][k] = random_below(4) ? random_pointer() : random_word();
    return r;
}
