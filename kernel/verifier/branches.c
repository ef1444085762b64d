// SPDX-License-Identifier: MIT
//
// The fixed sequences, compared byte by byte, and the labels that they check (docs/verified-code.md). A sequence is entered at its start
// only; the label that it compares exists in text in front of functions only: so an indirect call reaches functions of its type and nothing
// else.
#include <stdlib.h>
#include <string.h>

#include "kernel/verifier/internal.h"

// In the check, at its start:
#define HASH_OFFSET 5
#define LOAD_OFFSET 9  // addl, which reads the target's label
#define TRAP_OFFSET 17 // ud2

#define S ('S' + 0x100) // the segment prefix of the colour
#define X (-1)          // not compared

static bool match(const struct verification *v, const uint8_t *code, const int16_t *pattern, size_t size) {
    for (size_t i = 0; i < size; i++) {
        int16_t want = pattern[i] == S ? (v->colour == BH_COLOUR_GS ? 0x65 : 0x64) : pattern[i];
        if (want >= 0 && code[i] != want)
            return false;
    }
    return true;
}

// One for each check: sorted and without doubles only in labels_check(), so that many checks cost no more than their number.
static bool add_hash(struct verification *v, uint32_t hash) {
    if ((v->hash_count & (v->hash_count + 1)) == 0) {
        uint32_t *grown = realloc(v->hashes, (2 * v->hash_count + 2) * sizeof(*grown));
        if (!grown)
            return false;
        v->hashes = grown;
    }
    v->hashes[v->hash_count++] = hash;
    return true;
}

// The check, and what may stand behind it.
// clang-format off: one instruction on each line
static const int16_t check[] = {
    0x45, 0x89, 0xdb,                                     // movl %r11d, %r11d
    0x41, 0xba, X, X, X, X,                               // movl $-H, %r10d
    S, 0x67, 0x45, 0x03, 0x53, 0xfc,                      // addl %gs:-4(%r11d), %r10d
    0x74, 0x02,                                           // je 1f
    0x0f, 0x0b,                                           // ud2
};
// 1: where a mispredicted je leads, too: on a mismatch the target becomes the start of the slot, where nothing is. No prediction takes part.
static const int16_t mask[] = {
    0x41, 0xba, 0x00, 0x00, 0x00, 0x00,                   // movl $0, %r10d
    0x4d, 0x0f, 0x45, 0xda,                               // cmovneq %r10, %r11
};
static const int16_t add_base[] = {
    S, 0x4c, 0x03, 0x1c, 0x25, 0x00, 0x00, 0x01, 0x00,    // 1: addq %gs:0x10000, %r11
};
static const int16_t plain_call[] = {0x41, 0xff, 0xd3};       // call *%r11
static const int16_t plain_jump[] = {0x41, 0xff, 0xe3};       // jmp *%r11
// A jump to %r11 that is predicted to go to the loop behind its own call, and nowhere else. For a call, it is called itself.
static const int16_t over_guard[] = {0xeb, 0x11};             // jmp 3f
static const int16_t guard[] = {
    0xe8, 0x07, 0x00, 0x00, 0x00,                         // 0: call 1f
    0xf3, 0x90,                                           // 2: pause
    0x0f, 0xae, 0xe8,                                     // lfence
    0xeb, 0xf9,                                           // jmp 2b
    0x4c, 0x89, 0x1c, 0x24,                               // 1: movq %r11, (%rsp)
    0xc3,                                                 // ret
};
static const int16_t call_guard[] = {0xe8, 0xea, 0xff, 0xff, 0xff}; // 3: call 0b
// In front of a guarded branch through the table.
static const int16_t entry[] = {
    S, 0x4c, 0x8b, 0x1c, 0x25, X, X, X, X,                // movq %gs:ENTRY, %r11
};
// clang-format on

static bool step_over(const struct verification *v, uint32_t *at, const int16_t *pattern, size_t size) {
    if (v->text_end - *at < size || !match(v, v->text + (*at - v->text_start), pattern, size))
        return false;
    *at += (uint32_t)size;
    return true;
}
#define STEP_OVER(pattern) step_over(v, at, pattern, sizeof(pattern) / sizeof(*(pattern)))

static bool is_guarded_branch(const struct verification *v, uint32_t *at) {
    bool call = STEP_OVER(over_guard);
    return STEP_OVER(guard) && (!call || STEP_OVER(call_guard));
}

// The label that a check asks for; 0: there is none. 0 and 0x80000000 are their own negatives: the check would hold its own label.
static uint32_t checked_label(const struct verification *v, uint32_t *at) {
    const uint8_t *code = v->text + (*at - v->text_start);
    uint32_t negated;
    if (code[0] != 0x45 || !STEP_OVER(check))
        return 0;
    memcpy(&negated, code + HASH_OFFSET, sizeof(negated));
    return negated << 1 ? -negated : 0;
}

static bool is_entry(const struct verification *v, uint32_t *at) {
    const uint8_t *code = v->text + (*at - v->text_start);
    uint32_t place;
    if (!STEP_OVER(entry))
        return false;
    memcpy(&place, code + sizeof(entry) / sizeof(*entry) - sizeof(place), sizeof(place));
    return place >= BH_TABLE_CALLS && place < BH_TABLE_END && place % 8 == 0;
}

static struct indirect sequence_of(const struct verification *v, uint32_t offset) {
    uint32_t place = offset, *at = &place;
    struct indirect sequence = {.label = checked_label(v, at)};
    if (sequence.label) {
        sequence.hardened = STEP_OVER(mask);
        if (!STEP_OVER(add_base))
            return (struct indirect){0};
    } else {
        sequence.hardened = is_entry(v, at);
    }
    if (sequence.hardened ? is_guarded_branch(v, at) : sequence.label && (STEP_OVER(plain_call) || STEP_OVER(plain_jump)))
        sequence.size = place - offset;
    return sequence;
}

struct indirect sequence_at(struct verification *v, uint32_t offset) {
    struct indirect sequence = sequence_of(v, offset);
    if (sequence.size && sequence.label && !add_hash(v, sequence.label))
        return (struct indirect){0};
    return sequence;
}

uint32_t verified_check_at(const struct verified_image *image, enum bh_colour colour, uint64_t offset) {
    static const uint32_t places[] = {LOAD_OFFSET, TRAP_OFFSET};
    struct verification v = {.colour = colour, .text_start = image->text_start, .text_end = image->text_end};
    for (uint32_t i = 0; i < image->segment_count; i++)
        if (image->segments[i].protection & VERIFY_EXECUTE)
            v.text = image->bytes + image->segments[i].file_offset;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        uint64_t start = offset - places[i];
        struct indirect sequence = start >= v.text_start && start < v.text_end ? sequence_of(&v, (uint32_t)start) : (struct indirect){0};
        if (sequence.size && sequence.label)
            return sequence.label;
    }
    return 0;
}

// One register brought into the slot: movl %eR, %eR ; addq %gs:0x10000, %R.
static bool sanitized(const struct verification *v, uint32_t index, bool source) {
    static const int16_t si[] = {0x89, 0xf6, S, 0x48, 0x03, 0x34, 0x25, 0x00, 0x00, 0x01, 0x00};
    static const int16_t di[] = {0x89, 0xff, S, 0x48, 0x03, 0x3c, 0x25, 0x00, 0x00, 0x01, 0x00};
    const struct record *first = &v->records[index];
    const uint8_t *code = v->text + (first->offset - v->text_start);
    return first->size == 2 && v->text_end - first->offset >= sizeof(si) / sizeof(*si) &&
           match(v, code, source ? si : di, sizeof(si) / sizeof(*si));
}

bool string_sequence_before(const struct verification *v, uint32_t index, bool moves, uint32_t *first) {
    uint32_t length = moves ? 4 : 2;
    if (index < length)
        return false;
    *first = index - length;
    if (moves && !sanitized(v, *first, true))
        return false;
    return sanitized(v, index - 2, false);
}

static bool is_label_of_function(const struct verification *v, uint32_t offset) {
    uint32_t record = record_at(v, offset + 4);
    if (!record || !(v->records[record - 1].flags & RECORD_FUNCTION))
        return false;
    return record_at(v, offset - 1) && v->text[offset - 1 - v->text_start] == 0xb8;
}

// The word at a distance from the start of the text, which may reach over either end: in front stands what the image has there,
// behind zeros up to the end of the page.
static uint32_t word_at(const struct verification *v, int64_t at) {
    uint32_t word = 0;
    if (at >= 0 && at + 4 <= (int64_t)(v->text_end - v->text_start)) {
        memcpy(&word, v->text + at, sizeof(word));
        return word;
    }
    for (int i = 0; i < 4; i++)
        word |= (uint32_t)elf_byte(v, (uint64_t)(v->text_start + at + i)) << (8 * i);
    return word;
}

static int compare_words(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void sort_hashes(struct verification *v) {
    uint32_t used = 0;
    qsort(v->hashes, v->hash_count, sizeof(uint32_t), compare_words);
    for (uint32_t i = 0; i < v->hash_count; i++)
        if (!used || v->hashes[used - 1] != v->hashes[i])
            v->hashes[used++] = v->hashes[i];
    v->hash_count = used;
}

static enum bh_error label_check(struct verification *v, uint32_t word, int64_t at) {
    if (!bsearch(&word, v->hashes, v->hash_count, sizeof(word), compare_words))
        return BH_OK;
    if (at > 0 && is_label_of_function(v, v->text_start + (uint32_t)at))
        return BH_OK;
    return refuse_code(v, RULE_LABEL, v->text_start + (uint32_t)(at < 0 ? 0 : at), "label 0x%08x", word);
}

// Every place that an indirect call could take for labelled is a function's entry: also those whose label would reach over the
// ends of the text.
enum bh_error labels_check(struct verification *v) {
    enum { LOW_HALVES = 65536 };
    if (!v->hash_count)
        return BH_OK;
    uint8_t *seen = calloc(LOW_HALVES / 8, 1); // low halves of the hashes, to skip most places at once
    if (!seen)
        return BH_ENOMEM;
    sort_hashes(v);
    for (uint32_t i = 0; i < v->hash_count; i++)
        seen[(v->hashes[i] & 0xffff) / 8] |= (uint8_t)(1u << (v->hashes[i] & 7));
    enum bh_error error = BH_OK;
    for (int64_t at = -4; at < (int64_t)(v->text_end - v->text_start) && !error; at++) {
        uint32_t word = word_at(v, at);
        if (at % 4096 == 0)
            pause_now();
        if (seen[(word & 0xffff) / 8] >> (word & 7) & 1)
            error = label_check(v, word, at);
    }
    free(seen);
    return error;
}
