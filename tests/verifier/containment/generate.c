// SPDX-License-Identifier: MIT
//
// Instructions: every opcode of both maps with every operand form, under all prefixes that could make a difference; what does not
// decode is left out here, what is forbidden is left to the verifier. Functions: a frame, then pieces, then the way back.
#include "tests/verifier/containment/generate.h"

#include <capstone/capstone.h>
#include <string.h>

enum form { FORM_NONE, FORM_REGISTER, FORM_BASE, FORM_BYTE, FORM_INDEX, FORM_ABSOLUTE, FORM_IMAGE, FORM_FRAME, FORM_FRAME_END, FORM_COUNT };

static const uint8_t legacy[][2] = {{0, 0},       {0x66, 0},    {0xf2, 0},    {0xf3, 0},    {0xf0, 0},
                                    {0x66, 0xf2}, {0x66, 0xf3}, {0x66, 0xf0}, {0xf2, 0xf0}, {0xf3, 0xf0}};
static const uint8_t rexes[] = {0, 0x48, 0x44, 0x41, 0x4d, 0x40, 0x42};
enum { LEGACY_SYSTEMATIC = 5, REX_SYSTEMATIC = 3, LEGACY_COUNT = 10, REX_COUNT = 7, OPCODES = 512, FIELDS = 8 };

static csh decoder(void) {
    static csh handle;
    if (!handle)
        cs_open(CS_ARCH_X86, CS_MODE_64, &handle);
    return handle;
}

size_t instruction_size(const uint8_t *bytes, size_t size) {
    static cs_insn *insn;
    uint64_t address = TEXT_START;
    if (!insn)
        insn = cs_malloc(decoder());
    return cs_disasm_iter(decoder(), &bytes, &size, &address, insn) ? insn->size : 0;
}

static void put(struct candidate *c, uint8_t byte) {
    if (c->size < CANDIDATE_MAX)
        c->bytes[c->size++] = byte;
}

static void put_word(struct candidate *c, uint32_t word) {
    for (int i = 0; i < 4; i++)
        put(c, (uint8_t)(word >> (8 * i)));
}

// ModRM and what belongs to it.
static void put_operand(struct candidate *c, enum form form, uint8_t field) {
    uint8_t reg = (uint8_t)(field << 3);
    switch (form) {
    case FORM_NONE: break;
    case FORM_REGISTER: put(c, (uint8_t)(0xc0 | reg | random_below(8))); break;
    case FORM_BASE: put(c, reg | 1); break;
    case FORM_BYTE: put(c, 0x40 | reg | 6), put(c, (uint8_t)random_word()); break;
    case FORM_INDEX: put(c, 0x80 | reg | 4), put(c, (uint8_t)(random_word() | 3)), put_word(c, (uint32_t)random_word()); break;
    case FORM_ABSOLUTE: put(c, reg | 4), put(c, 0x25), put_word(c, DATA_START + random_below(0xff00)); break;
    case FORM_IMAGE: put(c, reg | 5), put_word(c, DATA_START - TEXT_START + random_below(0xef00)); break;
    case FORM_FRAME: put(c, 0x40 | reg | 4), put(c, 0x24), put(c, (uint8_t)random_below(FRAME)); break;
    case FORM_FRAME_END: put(c, 0x40 | reg | 4), put(c, 0x24), put(c, (uint8_t)(FRAME - 17 + random_below(18))); break;
    default: break;
    }
}

static bool is_slot_form(enum form form) {
    return form >= FORM_BASE && form <= FORM_ABSOLUTE;
}

// Prefixes, opcode, operand and an immediate of chance, cut to what the decoder takes.
static bool make(struct candidate *c, const uint8_t *prefix, uint8_t rex, uint32_t opcode, enum form form, uint8_t field, bool segment) {
    *c = (struct candidate){0};
    for (int i = 0; i < 2; i++)
        if (prefix[i])
            put(c, prefix[i]);
    if (segment)
        put(c, 0x65), put(c, 0x67);
    if (rex)
        put(c, rex);
    if (opcode >= 256)
        put(c, 0x0f);
    put(c, (uint8_t)opcode);
    put_operand(c, form, field);
    bool small = random_below(2);
    while (c->size < CANDIDATE_MAX)
        put(c, small ? (uint8_t)(c->size & 1 ? 0 : random_below(8)) : (uint8_t)random_word());
    c->size = (uint8_t)instruction_size(c->bytes, c->size);
    return c->size != 0;
}

bool candidate_systematic(uint32_t n, struct candidate *c, bool *end) {
    uint32_t prefix = n % LEGACY_SYSTEMATIC, rex = n / LEGACY_SYSTEMATIC % REX_SYSTEMATIC;
    n /= LEGACY_SYSTEMATIC * REX_SYSTEMATIC;
    uint32_t form = n % FORM_COUNT, field = n / FORM_COUNT % FIELDS, opcode = n / FORM_COUNT / FIELDS;
    *end = opcode >= OPCODES;
    return !*end && make(c, legacy[prefix], rexes[rex], opcode, (enum form)form, (uint8_t)field, is_slot_form((enum form)form));
}

bool candidate_random(struct candidate *c) {
    enum form form = (enum form)random_below(FORM_COUNT);
    bool segment = random_below(8) ? is_slot_form(form) : random_below(2);
    return make(c, legacy[random_below(LEGACY_COUNT)], rexes[random_below(REX_COUNT)], random_below(OPCODES), form,
                (uint8_t)random_below(FIELDS), segment);
}

void pool_add(struct pool *pool, const struct candidate *c) {
    pool->list[pool->count < POOL_MAX ? pool->count++ : random_below(POOL_MAX)] = *c;
}

static const uint8_t open_frame[] = {0x48, 0x83, 0xec, FRAME}, close_frame[] = {0x48, 0x83, 0xc4, FRAME, 0xc3};

void function_around(struct builder *b, const struct candidate *c) {
    builder_function(b, 0);
    builder_bytes(b, open_frame, sizeof(open_frame));
    builder_bytes(b, c->bytes, c->size);
    builder_bytes(b, close_frame, sizeof(close_frame));
}

static const uint32_t hashes[] = {0x13572468, 0x9abcdef1, 0x77e1d2c3};

static void put_checked(struct builder *b, bool hardened) {
    static const uint8_t start[] = {0x45, 0x89, 0xdb, 0x41, 0xba};
    static const uint8_t check[] = {0x65, 0x67, 0x45, 0x03, 0x53, 0xfc, 0x74, 0x02, 0x0f, 0x0b};
    static const uint8_t mask[] = {0x41, 0xba, 0x00, 0x00, 0x00, 0x00, 0x4d, 0x0f, 0x45, 0xda};
    static const uint8_t base[] = {0x65, 0x4c, 0x03, 0x1c, 0x25, 0x00, 0x00, 0x01, 0x00};
    static const uint8_t guarded[] = {0xeb, 0x11, 0xe8, 0x07, 0x00, 0x00, 0x00, 0xf3, 0x90, 0x0f, 0xae, 0xe8,
                                      0xeb, 0xf9, 0x4c, 0x89, 0x1c, 0x24, 0xc3, 0xe8, 0xea, 0xff, 0xff, 0xff};
    uint32_t negated = -hashes[random_below(3)];
    builder_bytes(b, start, sizeof(start));
    builder_bytes(b, &negated, 4);
    builder_bytes(b, check, sizeof(check));
    if (hardened)
        builder_bytes(b, mask, sizeof(mask));
    builder_bytes(b, base, sizeof(base));
    if (hardened)
        builder_bytes(b, guarded, sizeof(guarded));
    else
        builder_bytes(b, "\x41\xff\xd3", 3);
}

// leaq FUNCTION(%rip), %r11 in front of a checked call, or %r11 as it comes.
static void put_indirect(struct builder *b) {
    if (random_below(3) && b->function_count) {
        uint32_t distance = b->functions[random_below(b->function_count)] - (b->text_size + 7) + (random_below(8) ? 0 : random_below(16));
        builder_bytes(b, "\x4c\x8d\x1d", 3);
        builder_bytes(b, &distance, 4);
    }
    put_checked(b, random_below(2));
}

static void put_string(struct builder *b) {
    static const uint8_t source[] = {0x89, 0xf6, 0x65, 0x48, 0x03, 0x34, 0x25, 0x00, 0x00, 0x01, 0x00};
    static const uint8_t target[] = {0x89, 0xff, 0x65, 0x48, 0x03, 0x3c, 0x25, 0x00, 0x00, 0x01, 0x00};
    static const uint8_t opcodes[] = {0xa4, 0xa5, 0xaa, 0xab};
    uint8_t opcode = opcodes[random_below(4)];
    if (opcode < 0xa8)
        builder_bytes(b, source, sizeof(source));
    builder_bytes(b, target, sizeof(target));
    if (random_below(2))
        builder_bytes(b, "\xf3", 1);
    if (opcode & 1 && random_below(2))
        builder_bytes(b, random_below(2) ? "\x48" : "\x40", 1);
    builder_bytes(b, &opcode, 1);
}

static void put_stack_word(struct builder *b) {
    static const uint8_t load[] = {0x48, 0x89, 0xe2, 0x48, 0x81, 0xe2, 0x00, 0x00, 0xff, 0xff, 0x48, 0x8b, 0x0a};
    static const uint8_t store[] = {0x49, 0x89, 0xe4, 0x49, 0x81, 0xe4, 0x00, 0x00, 0xff, 0xff, 0x49, 0x89, 0x04, 0x24};
    if (random_below(2))
        builder_bytes(b, load, sizeof(load));
    else
        builder_bytes(b, store, sizeof(store));
}

static void put_pool(struct builder *b, const struct pool *pool) {
    const struct candidate *c = &pool->list[random_below(pool->count)];
    builder_bytes(b, c->bytes, c->size);
}

// A conditional jump over a few pieces; a push and a pop around some.
static void put_block(struct builder *b, const struct pool *pool) {
    bool push = random_below(2);
    uint32_t hole = b->text_size + 1;
    uint8_t reg = (uint8_t)random_below(8);
    if (push)
        builder_bytes(b, "\x53", 1);
    else
        builder_bytes(b, (uint8_t[]){(uint8_t)(0x70 | random_below(16)), 0}, 2);
    uint32_t start = b->text_size;
    for (uint32_t n = random_below(4); n > 0; n--)
        put_pool(b, pool);
    if (push)
        builder_bytes(b, (uint8_t[]){reg == 4 ? 0x5d : 0x58 | reg}, 1);
    else if (b->text_size < TEXT_MAX)
        b->text[hole] = (uint8_t)(b->text_size - start);
}

// The base in one of r8 to r15, perhaps biased; a piece; and a truncated index with an access behind it. Mostly legal.
static void put_anchored(struct builder *b, const struct pool *pool) {
    static const uint8_t opcodes[] = {0x8b, 0x89, 0x03, 0x01, 0x31, 0x87, 0x39, 0x85};
    uint8_t base = (uint8_t)random_below(8), index = (uint8_t)random_below(16), other = (uint8_t)random_below(16);
    builder_bytes(b, (uint8_t[]){0x65, 0x4c, 0x8b, (uint8_t)(4 | base << 3), 0x25, 0, 0, 1, 0}, 9);
    if (base != 4 && random_below(2))
        builder_bytes(b, (uint8_t[]){0x4d, 0x8d, (uint8_t)(0x40 | base << 3 | base), (uint8_t)random_below(128)}, 4);
    if (random_below(4) == 0)
        put_pool(b, pool);
    index = index == 4 ? 5 : index;
    uint8_t width = random_below(2) ? 0x48 : 0x40;
    uint8_t other_high = (uint8_t)(other >> 3 << 2), reg = (uint8_t)((other & 7) << 3);
    builder_bytes(b, (uint8_t[]){0x40 | other_high | index >> 3, 0x89, 0xc0 | reg | (index & 7)}, 3);
    uint8_t rex = (uint8_t)(width | other_high | index >> 3 << 1 | 1), sib = (uint8_t)((index & 7) << 3 | base);
    if (base == 5) // has no form without a displacement
        builder_bytes(b, (uint8_t[]){rex, opcodes[random_below(8)], 0x44 | reg, sib, 0}, 5);
    else
        builder_bytes(b, (uint8_t[]){rex, opcodes[random_below(8)], 0x04 | reg, sib}, 4);
}

static uint8_t random_other_than_stack(void) {
    uint8_t reg = (uint8_t)random_below(15);
    return reg < 4 ? reg : reg + 1;
}

// A jump through a table of two entries, the immediate of the movabsq behind it: they lead to that instruction and behind it. Mostly legal.
static void put_table_jump(struct builder *b) {
    uint8_t d = random_other_than_stack(), base = random_other_than_stack();
    uint8_t last = random_below(8) ? 1 : (uint8_t)random_below(4), displaced = (base & 7) == 5;
    uint8_t to_table = (uint8_t)(4 + displaced + 3 + 2 + (d >> 3) + 2 + (random_below(16) ? 0 : random_below(8)));
    int32_t leads[2] = {8, -2};
    if (random_below(4) == 0)
        leads[random_below(2)] = (int32_t)random_below(64) - 48;
    if (d >> 3)
        builder_bytes(b, "\x41", 1);
    builder_bytes(b, (uint8_t[]){0x83, 0xe0 | (d & 7), last}, 3);
    builder_bytes(b, (uint8_t[]){(uint8_t)(0x48 | base >> 3 << 2), 0x8d, (uint8_t)(0x05 | (base & 7) << 3), to_table, 0, 0, 0}, 7);
    builder_bytes(b, (uint8_t[]){(uint8_t)(0x48 | d >> 3 << 2 | d >> 3 << 1 | base >> 3), 0x63, (uint8_t)((displaced ? 0x44 : 0x04) | (d & 7) << 3),
                                 (uint8_t)(0x80 | (d & 7) << 3 | (base & 7)), 0}, 4u + displaced);
    builder_bytes(b, (uint8_t[]){(uint8_t)(0x48 | base >> 3 << 2 | d >> 3), 0x01, (uint8_t)(0xc0 | (base & 7) << 3 | (d & 7))}, 3);
    if (d >> 3)
        builder_bytes(b, "\x41", 1);
    builder_bytes(b, (uint8_t[]){0xff, 0xe0 | (d & 7), 0x48, 0xb8}, 4);
    builder_bytes(b, leads, sizeof(leads));
}

void piece_random(struct builder *b, const struct pool *pool) {
    switch (random_below(18)) {
    case 0: put_indirect(b); break;
    case 1: put_string(b); break;
    case 2: put_stack_word(b); break;
    case 3: put_block(b, pool); break;
    case 16: put_anchored(b, pool); break;
    case 17: put_table_jump(b); break;
    case 4: builder_bytes(b, "\x65\xff\x14\x25\x80\x00\x01\x00", 8); break;
    case 5:
        if (b->function_count > 1) {
            uint32_t distance = b->functions[random_below(b->function_count - 1)] - (b->text_size + 5);
            builder_bytes(b, "\xe8", 1);
            builder_bytes(b, &distance, 4);
        }
        break;
    default: put_pool(b, pool);
    }
}

void functions_random(struct builder *b, const struct pool *pool) {
    for (uint32_t f = 2 + random_below(4); f > 0; f--) {
        builder_function(b, random_below(3) ? hashes[random_below(3)] : 0);
        builder_bytes(b, open_frame, sizeof(open_frame));
        for (uint32_t n = 2 + random_below(12); n > 0; n--)
            piece_random(b, pool);
        builder_bytes(b, close_frame, sizeof(close_frame));
    }
}

bool boundaries_of(const uint8_t *text, size_t size, bool *starts) {
    memset(starts, 0, size);
    for (size_t at = 0; at < size;) {
        size_t one = instruction_size(text + at, size - at);
        starts[at] = true;
        if (!one)
            return false;
        at += one;
    }
    return true;
}
