// SPDX-License-Identifier: MIT
//
// What libFuzzer calls for a new input: a few changes of one, mostly of the text; a splice of two; now and then a whole new text, or what
// libFuzzer itself would do.
#include "tests/fuzz/execution/mutate.h"

#include <string.h>

#include "tests/verifier/containment/generate.h"

enum { WALK = 8 }; // changes tried before an input is run

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out, size_t limit,
                                 unsigned seed);

static size_t new_image(uint8_t *data, size_t limit) {
    static struct builder builder;
    static struct pool pool;
    struct candidate c;
    size_t size;
    for (int i = 0; i < 32; i++)
        if (candidate_random(&c))
            pool_add(&pool, &c);
    builder_reset(&builder);
    functions_random(&builder, &pool);
    const uint8_t *image = builder_image(&builder, &size);
    if (size > limit)
        return 0;
    memcpy(data, image, size);
    return size;
}

// False: it is an image no longer.
static bool change(uint8_t *data, size_t size, struct parts *parts) {
    uint32_t what = random_below(32);
    if (what == 0)
        LLVMFuzzerMutate(data + parts->text, parts->text_size, parts->text_size);
    else if (what < 5)
        mutate_headers(data, size, parts);
    else if (what >= 10 || !mutate_table(data, size, parts))
        mutate_text(data, parts);
    return parts_of(data, size, parts);
}

// A walk from one accepted image to another: a step that the verifier refuses is mostly taken back.
static void walk(uint8_t *data, size_t size) {
    static uint8_t kept[INPUT_MAX];
    struct parts parts;
    memcpy(kept, data, size);
    for (uint32_t steps = 0; steps < WALK; steps++) {
        bool image = parts_of(data, size, &parts) && change(data, size, &parts);
        if (image && (is_accepted(data, size) || (steps == 0 && random_below(4) == 0)))
            memcpy(kept, data, size);
        else
            memcpy(data, kept, size);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
    struct parts parts;
    random_seed(seed);
    if (size > INPUT_MAX || !parts_of(data, size, &parts) || random_below(200) == 0)
        return new_image(data, limit);
    walk(data, size);
    return size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out, size_t limit,
                                 unsigned seed) {
    struct parts first, second;
    random_seed(seed);
    if (one_size > limit || !parts_of(one, one_size, &first) || !parts_of(two, two_size, &second))
        return 0;
    for (int i = 0; i < WALK; i++) {
        memcpy(out, one, one_size);
        splice_text(out, &first, two, &second);
        if (is_accepted(out, one_size))
            return one_size;
    }
    return random_below(4) ? 0 : one_size;
}
