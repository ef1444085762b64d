// SPDX-License-Identifier: MIT
//
// The partition of the text into functions: sorted entries that tile it, and the type label in front of each.
#include <stdlib.h>
#include <string.h>

#include "kernel/verifier/internal.h"

#define FUNCTION_ALIGN 16
#define LABEL_SIZE 5      // movl $H, %eax
#define LABEL_OPCODE 0xb8

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

enum bh_error functions_read(struct verification *v) {
    struct verified_image *image = v->image;
    if (!image->functions || !image->function_count)
        return refuse_code(v, RULE_IMAGE_FUNCTIONS, 0, "no function table, or an empty one");
    qsort(image->functions, image->function_count, sizeof(uint32_t), compare);
    uint32_t used = 0;
    for (uint32_t i = 0; i < image->function_count; i++) {
        uint32_t start = image->functions[i];
        if (start < v->text_start || start >= v->text_end || start % FUNCTION_ALIGN)
            return refuse_code(v, RULE_IMAGE_FUNCTIONS, start, "0x%x is not an aligned place in the text", start);
        if (used && image->functions[used - 1] == start)
            continue; // aliases
        image->functions[used++] = start;
    }
    image->function_count = used;
    image->labels = calloc(used, sizeof(uint32_t));
    return image->labels ? BH_OK : BH_ENOMEM;
}

enum bh_error functions_mark(struct verification *v) {
    struct verified_image *image = v->image;
    for (uint32_t i = 0; i < image->function_count; i++) {
        uint32_t start = image->functions[i];
        uint32_t record = record_at(v, start);
        if (!record)
            return refuse_code(v, RULE_IMAGE_FUNCTIONS, start, "a function starts in the middle of an instruction");
        if (v->records[record - 1].flags & RECORD_INSIDE)
            return refuse_code(v, RULE_BRANCH_SEQUENCE, start, "a function starts inside a checked sequence");
        v->records[record - 1].flags |= RECORD_FUNCTION;
        const uint8_t *code = v->text + (start - v->text_start) - LABEL_SIZE;
        if (start - v->text_start >= LABEL_SIZE && record_at(v, start - LABEL_SIZE) && code[0] == LABEL_OPCODE)
            memcpy(&image->labels[i], code + 1, sizeof(uint32_t));
    }
    if (!verified_is_function(image, image->entry))
        return refuse_code(v, RULE_IMAGE_ENTRY, image->entry, "0x%x", image->entry);
    return BH_OK;
}
