// SPDX-License-Identifier: MIT
//
// Jumps through tables: the sequence with all registers and in all its forms, as the second decoder sees it. Each step must do what
// docs/verified-code.md says and nothing else, with the table and the number of entries that the verifier has taken from it. Then the second
// decoder lies.
#include <stdio.h>
#include <string.h>

#include "tests/decoders/decoders.h"

enum { STEPS = 5, STACK = 4, LOW = 7, TABLE = 64, BYTES_MAX = 40 }; // TABLE: distance from the start of the text

struct table_jump_form {
    uint8_t offset, base;
    uint8_t mask;  // 0: of a byte, 1: of a word, 2: of %eax
};

static uint32_t put(uint8_t *to, uint32_t at, const uint8_t *bytes, uint32_t size) {
    memcpy(to + at, bytes, size);
    return at + size;
}
#define PUT(...) at = put(bytes, at, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static uint32_t last_of(const struct table_jump_form *f) {
    return f->base % 8;
}

// The bytes, written from the makers' manuals.
static uint32_t assemble(const struct table_jump_form *f, uint8_t *bytes) {
    uint32_t at = 0;
    uint8_t d = f->offset, b = f->base, last = (uint8_t)last_of(f);
    if (d >> 3)
        PUT(0x41);
    if (f->mask == 2)
        PUT(0x25, last, 0, 0, 0);
    else if (f->mask)
        PUT(0x81, (uint8_t)(0xe0 | (d & LOW)), last, 0, 0, 0);
    else
        PUT(0x83, (uint8_t)(0xe0 | (d & LOW)), last);
    PUT((uint8_t)(0x48 | (b >> 3) << 2), 0x8d, (uint8_t)(0x05 | (b & LOW) << 3), (uint8_t)(TABLE - at - 7), 0, 0, 0);
    PUT((uint8_t)(0x48 | (d >> 3) << 2 | (d >> 3) << 1 | b >> 3), 0x63, (uint8_t)(((b & LOW) == 5 ? 0x44 : 0x04) | (d & LOW) << 3),
        (uint8_t)(0x80 | (d & LOW) << 3 | (b & LOW)));
    if ((b & LOW) == 5)
        PUT(0);
    PUT((uint8_t)(0x48 | (b >> 3) << 2 | d >> 3), 0x01, (uint8_t)(0xc0 | (b & LOW) << 3 | (d & LOW)));
    if (d >> 3)
        PUT(0x41);
    PUT(0xff, (uint8_t)(0xe0 | (d & LOW)));
    return at;
}

static bool is_register(struct second_register r, uint8_t number) {
    return r.width == 8 && r.number == number;
}

// What an instruction does beside its purpose, which here is nothing.
static bool is_pure(const struct second_view *s, uint16_t written) {
    return s->valid && !s->segment && !s->stores && !s->written_implicitly && !s->forbidden && !s->moves_stack && s->written == written;
}

static bool is_register_only(const struct second_view *s, const char *name, uint16_t written) {
    return is_pure(s, written) && !s->loads && s->form == SECOND_NO_MEMORY && strncmp(s->name, name, strlen(name)) == 0;
}

// Of %eax, which it does not name.
static bool is_short_mask(const struct second_view *s) {
    struct second_view named = *s;
    named.written_implicitly = 0;
    return s->written_implicitly == 1 && !s->named && is_register_only(&named, "AND32i32", 0);
}

static bool is_address(const struct second_view *s, const char *name, uint16_t written) {
    return is_pure(s, written) && s->form == SECOND_ADDRESS && strcmp(s->name, name) == 0;
}

// One step, as it must be.
static bool is_step(unsigned step, const struct table_jump_form *f, const struct second_view *s, const struct record *record) {
    uint16_t d = (uint16_t)(1u << f->offset), b = (uint16_t)(1u << f->base);
    static const char *const mnemonics[STEPS] = {"and", "lea", "movsxd", "add", "jmp"};
    int64_t behind = (int64_t)record->offset + record->size;
    if (strcmp(s->mnemonic, mnemonics[step]))
        return false;
    switch (step) {
    case 0:
        return f->mask == 2 ? is_short_mask(s) : is_register_only(s, "AND32", d) && s->named == d;
    case 1:
        return is_address(s, "LEA64r", b) && !s->touches && s->base.number == SECOND_IP && s->base.width == 8 && !s->index.width &&
               behind + s->displacement == TEXT_ADDRESS + TABLE;
    case 2:
        return is_address(s, "MOVSX64rm32", d) && is_register(s->base, f->base) && is_register(s->index, f->offset) && s->scale == 4 &&
               !s->displacement && s->access == 4;
    case 3:
        return is_register_only(s, "ADD64rr", d) && s->named == (d | b);
    default:
        return is_register_only(s, "JMP64r", 0) && s->kind == SECOND_INDIRECT_JUMP && s->named == d;
    }
}

// The verifier's records: one for each step, of the kinds that depth.c goes by, and only the first may be branched to.
static bool is_record(unsigned step, const struct table_jump_form *f, const struct record *record, uint16_t written) {
    enum kind kind = step == STEPS - 1 ? KIND_TABLE_JUMP : KIND_PLAIN;
    if (record->kind != kind || record->flags != (step ? RECORD_INSIDE : 0) || (written >> 8 & ~record->kills))
        return false;
    return step != STEPS - 1 || (record->target == TEXT_ADDRESS + TABLE && record->entries == last_of(f) + 1);
}

static bool is_right(const struct table_jump_form *f, enum lie lie) {
    uint8_t bytes[BYTES_MAX];
    const struct record *records;
    uint32_t size = assemble(f, bytes), count = ask_text(bytes, size, BH_COLOUR_GS, &records), at = 0;
    if (count < STEPS)
        return false;
    for (unsigned step = 0; step < STEPS; step++) {
        struct second_view view;
        second_decode(bytes + at, size - at, TEXT_ADDRESS + at, &view);
        lie_about(lie, &view);
        if (records[step].offset != TEXT_ADDRESS + at || view.size != records[step].size || !is_step(step, f, &view, &records[step]) ||
            !is_record(step, f, &records[step], view.written))
            return false;
        at += view.size;
    }
    return at == size;
}

uint32_t table_jumps(uint32_t *tried) {
    uint32_t good = 0;
    struct table_jump_form f;
    *tried = 0;
    for (f.offset = 0; f.offset < 16; f.offset++)
        for (f.base = 0; f.base < 16; f.base++)
            for (f.mask = 0; f.mask < 3; f.mask++) {
                if (f.offset == STACK || f.base == STACK || f.base == f.offset || (f.mask == 2 && f.offset))
                    continue;
                good += is_right(&f, LIE_NONE);
                ++*tried;
            }
    return good;
}

bool table_jump_lie(enum lie lie) {
    static const struct table_jump_form f = {.offset = 2, .base = 9};
    return !is_right(&f, lie);
}
