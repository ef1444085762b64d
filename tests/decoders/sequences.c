// SPDX-License-Identifier: MIT
//
// The fixed sequences, which the verifier compares byte by byte and decodes for their boundaries alone: the second decoder must see the
// same boundaries, and the instructions that docs/verified-code.md names.
#include <stdio.h>
#include <string.h>

#include "tests/decoders/decoders.h"

enum { STEPS_MAX = 20, BYTES_MAX = 80, STACK = 4, LOW = 7 };

struct sequence {
    uint8_t bytes[BYTES_MAX];
    uint32_t size;
    uint32_t steps;
    const char *names[STEPS_MAX]; // LLVM's
};

static void step(struct sequence *s, const char *name, const char *bytes, uint32_t size) {
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
    s->names[s->steps++] = name;
}

static bool same_boundaries(const struct sequence *s, enum bh_colour colour) {
    const struct record *records;
    uint32_t count = ask_text(s->bytes, s->size, colour, &records), at = 0;
    for (uint32_t i = 0; i < s->steps && count >= s->steps; i++) {
        struct second_view view;
        second_decode(s->bytes + at, s->size - at, TEXT_ADDRESS + at, &view);
        if (!view.valid || view.size != records[i].size || records[i].offset != TEXT_ADDRESS + at || strcmp(view.name, s->names[i]) != 0) {
            printf("     step %u of a sequence: %u bytes, and `%s' of %u bytes\n", i, records[i].size, view.name, view.size);
            return false;
        }
        bool anchors = (view.written | view.written_implicitly) >> 8 & ~(records[i].kills | records[i].sets);
        if (anchors) {
            printf("     step %u of a sequence: `%s' writes a register that the verifier takes for unchanged\n", i, view.name);
            return false;
        }
        at += view.size;
    }
    return at == s->size;
}

// movq %rsp, %R ; andq $-65536, %R ; movq (%R), %D or movq %D, (%R)
static struct sequence stack_word(uint8_t r, uint8_t d, bool store, bool short_and) {
    struct sequence s = {0};
    char copy[] = {(char)(0x48 | r >> 3), (char)0x89, (char)(0xe0 | (r & LOW))};
    char mask[] = {(char)(0x48 | r >> 3), (char)0x81, (char)(0xe0 | (r & LOW)), 0, 0, -1, -1};
    char access[] = {(char)(0x48 | r >> 3 | (d >> 3) << 2), (char)(store ? 0x89 : 0x8b), (char)((d & LOW) << 3 | (r & LOW)), 0};
    bool sib = (r & LOW) == STACK, displacement = (r & LOW) == 5;
    step(&s, "MOV64rr", copy, sizeof(copy));
    if (short_and)
        step(&s, "AND64i32", "\x48\x25\0\0\xff\xff", 6);
    else
        step(&s, "AND64ri32", mask, sizeof(mask));
    access[2] |= displacement ? 0x40 : 0;
    access[3] = sib ? 0x24 : 0;
    step(&s, store ? "MOV64mr" : "MOV64rm", access, sib || displacement ? 4 : 3);
    return s;
}

// What a hardened call or jump ends in.
static void guarded(struct sequence *s, bool jump) {
    if (!jump)
        step(s, "JMP_1", "\xeb\x11", 2);
    step(s, "CALL64pcrel32", "\xe8\x07\0\0\0", 5);
    step(s, "PAUSE", "\xf3\x90", 2);
    step(s, "LFENCE", "\x0f\xae\xe8", 3);
    step(s, "JMP_1", "\xeb\xf9", 2);
    step(s, "MOV64mr", "\x4c\x89\x1c\x24", 4);
    step(s, "RET64", "\xc3", 1);
    if (!jump)
        step(s, "CALL64pcrel32", "\xe8\xea\xff\xff\xff", 5);
}

// A hardened branch through the table.
static struct sequence entry(char segment, uint32_t index, bool jump) {
    struct sequence s = {0};
    uint32_t place = BH_TABLE_CALLS + 8 * index;
    char load[] = {segment, 0x4c, (char)0x8b, 0x1c, 0x25, (char)place, (char)(place >> 8), (char)(place >> 16), (char)(place >> 24)};
    step(&s, "MOV64rm", load, sizeof(load));
    guarded(&s, jump);
    return s;
}

// The checked indirect call or jump.
static struct sequence checked(char segment, uint32_t hash, bool jump, bool hardened) {
    struct sequence s = {0};
    char load[] = {0x41, (char)0xba, (char)hash, (char)(hash >> 8), (char)(hash >> 16), (char)(hash >> 24)};
    char label[] = {segment, 0x67, 0x45, 0x03, 0x53, (char)0xfc}, base[] = {segment, 0x4c, 0x03, 0x1c, 0x25, 0, 0, 1, 0};
    step(&s, "MOV32rr", "\x45\x89\xdb", 3);
    step(&s, "MOV32ri", load, sizeof(load));
    step(&s, "ADD32rm", label, sizeof(label));
    step(&s, "JCC_1", "\x74\x02", 2);
    step(&s, "TRAP", "\x0f\x0b", 2);
    if (hardened) {
        step(&s, "MOV32ri", "\x41\xba\0\0\0\0", 6);
        step(&s, "CMOV64rr", "\x4d\x0f\x45\xda", 4);
    }
    step(&s, "ADD64rm", base, sizeof(base));
    if (hardened)
        guarded(&s, jump);
    else
        step(&s, jump ? "JMP64r" : "CALL64r", jump ? "\x41\xff\xe3" : "\x41\xff\xd3", 3);
    return s;
}

// movq %gs:0x10000, %R ; leaq D(%R), %R
static struct sequence anchor(char segment, uint8_t r, uint8_t bias) {
    struct sequence s = {0};
    char load[] = {segment, 0x4c, (char)0x8b, (char)(0x04 | r << 3), 0x25, 0, 0, 1, 0};
    char lea[] = {0x4d, (char)0x8d, (char)(0x40 | r << 3 | r), (char)bias};
    step(&s, "MOV64rm", load, sizeof(load));
    step(&s, "LEA64r", lea, sizeof(lea));
    return s;
}

uint32_t fixed_sequences(void) {
    uint32_t good = 0;
    for (uint8_t r = 0; r < 8; r++)
        for (uint8_t bias = 0; bias <= BH_ANCHOR_BIAS_MAX; bias++) {
            if (r == STACK) // %r12 has no such form
                continue;
            struct sequence gs = anchor(0x65, r, bias), fs = anchor(0x64, r, bias);
            good += same_boundaries(&gs, BH_COLOUR_GS);
            good += same_boundaries(&fs, BH_COLOUR_FS);
        }
    for (uint8_t r = 0; r < 16; r++)
        for (uint8_t d = 0; d < 16; d++)
            for (unsigned form = 0; form < 4; form++) {
                if (r == STACK || d == STACK || (r && form & 2))
                    continue;
                struct sequence s = stack_word(r, d, form & 1, form & 2);
                good += same_boundaries(&s, BH_COLOUR_GS);
            }
    for (unsigned form = 0; form < 64; form++) {
        char segment = form & 1 ? 0x64 : 0x65;
        struct sequence s = form & 4 && form & 8 ? entry(segment, form, form & 2) : checked(segment, 0x12345678u * (form + 1), form & 2, form & 4);
        good += same_boundaries(&s, form & 1 ? BH_COLOUR_FS : BH_COLOUR_GS);
    }
    return good;
}
