// SPDX-License-Identifier: MIT
//
// All encodings: every opcode of the one-byte and two-byte maps under every set of prefixes and every REX, with every ModRM and SIB, and
// random bytes behind. What is refused for a sample of all operand forms is refused for its prefixes or opcode and is left there, unless
// the plan is full. Orders and repetitions of prefixes, other maps and fillers have their own parts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/decoders/decoders.h"

enum { OPCODES = 512, SETS = 128, REXES = 17, PREFIXES = 7, ORDER_MAX = 4, HAS_SIB = 4, BY_FRAME = 0x24 };

static const uint8_t legacy[PREFIXES] = {0x65, 0x64, 0x67, 0x66, 0xf0, 0xf2, 0xf3};
static uint64_t random_state;

static uint64_t random_word(void) {
    uint64_t z = random_state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static void put(struct encoding *e, uint8_t byte) {
    if (e->size < ENCODING_MAX)
        e->bytes[e->size++] = byte;
}

static void put_bytes(struct encoding *e, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        put(e, bytes[i]);
}

// The two maps as one: 0x100 and up is 0f xx.
static void put_opcode(struct encoding *e, uint8_t rex, uint32_t opcode) {
    if (rex)
        put(e, rex);
    if (opcode >= 256)
        put(e, 0x0f);
    put(e, (uint8_t)opcode);
}

// Prefixes and what leads to another map: neither is an opcode.
static bool is_opcode(uint32_t opcode) {
    return !(opcode < 256 && (memchr(legacy, (int)opcode, PREFIXES) || (opcode & 0xf0) == 0x40 || (opcode & 0xe7) == 0x26 || opcode == 0x0f));
}

static bool has_sib(uint8_t modrm) {
    return (modrm & 7) == HAS_SIB && modrm < 0xc0;
}

// A tail that is random, or begins with a displacement or an immediate of one of the sizes that are not refused for themselves alone.
static void put_tail(struct encoding *e) {
    uint64_t words[2] = {random_word(), random_word()};
    uint64_t choice = random_word();
    if (choice % 4 == 1)
        words[0] &= 0xffffffff00ffffffull;
    else if (choice % 4 == 2)
        words[0] &= 0xffffffff00000ffcull;
    else if (choice % 4 == 3)
        words[0] |= 0xff000000ull;
    uint8_t tail[16];
    memcpy(tail, words, sizeof(tail));
    put_bytes(e, tail, sizeof(tail));
    memset(e->bytes + e->size, 0x0b, (size_t)(ENCODING_MAX - e->size));
}

static bool try_operand(const struct encoding *start, uint8_t modrm, uint8_t sib) {
    bool accepted = false;
    for (uint32_t i = 0; i < 1 || (accepted && i < plan.tails); i++) {
        struct encoding e = *start;
        put(&e, modrm);
        if (has_sib(modrm))
            put(&e, sib);
        put_tail(&e);
        accepted |= try_encoding(&e);
    }
    return accepted;
}

// All forms of operands, the middle field of ModRM being part of the opcode: %rsp, %rip, an index, an absolute address, a register. A few
// registers: where the last field is part of the opcode too, as in x87's, the same opcode has memory forms that are met here.
static bool any_accepted(const struct encoding *start) {
    bool any = false;
    for (uint8_t field = 0; field < 64; field += 8) {
        any |= try_operand(start, 0xc0 | field, 0);
        any |= try_operand(start, (uint8_t)(0xc1 | field | (random_word() & 7)), 0);
        any |= try_operand(start, 0x01 | field, 0);
        any |= try_operand(start, 0x44 | field, BY_FRAME);
        any |= try_operand(start, 0x04 | field, 0x25);
        any |= try_operand(start, 0x05 | field, 0);
    }
    return any;
}

static void all_operands(const struct encoding *start) {
    for (unsigned modrm = 0; modrm < 256; modrm++) {
        bool sib = has_sib((uint8_t)modrm), met = false;
        for (unsigned i = 0; i < (sib ? 3 : 1); i++)
            met |= try_operand(start, (uint8_t)modrm, i ? (uint8_t)random_word() : BY_FRAME);
        for (unsigned i = 0; plan.full && met && sib && i < 256; i++)
            try_operand(start, (uint8_t)modrm, (uint8_t)i);
    }
}

static uint32_t first_part(enum bh_colour colour) {
    random_state = plan.seed;
    if (!ask_behind_strings(colour)) { // which then fails in every part
        fprintf(stderr, "decoders: the verifier refuses what stands in front of string instructions\n");
        exit(1);
    }
    return plan.part;
}

static void one_set(uint32_t opcode, unsigned set, enum bh_colour colour) {
    static const uint8_t rexes[REXES] = {0,    0x48, 0x45, 0x4f, 0x40, 0x41, 0x42, 0x43, 0x44,
                                         0x46, 0x47, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e};
    // The second colour differs from the first in the segment alone, and never in REX.
    unsigned count = plan.full || colour == BH_COLOUR_GS ? REXES : 4;
    for (unsigned r = 0; r < count; r++) {
        struct encoding start = {0};
        for (unsigned i = 0; i < PREFIXES; i++)
            if (set >> i & 1)
                put(&start, legacy[i]);
        put_opcode(&start, rexes[r], opcode);
        if (any_accepted(&start) || plan.full)
            all_operands(&start);
    }
}

void every_opcode(enum bh_colour colour) {
    for (uint32_t opcode = first_part(colour); opcode < OPCODES; opcode += plan.parts)
        for (unsigned set = 0; is_opcode(opcode) && set < SETS; set++)
            one_set(opcode, set, colour);
}

void some_opcodes(void) {
    static const uint16_t opcodes[] = {0x01, 0x50, 0x58, 0x68, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x90, 0xc3, 0xe8, 0xeb, 0xff,
                                       0x10b, 0x110, 0x120, 0x1a3, 0x1af, 0x1b6, 0xc5, 0xf4};
    enum { NO_SET = 0, ADDRESS_SET = 1 | 4 };
    first_part(BH_COLOUR_GS);
    for (size_t i = 0; i < sizeof(opcodes) / sizeof(*opcodes); i++) {
        one_set(opcodes[i], NO_SET, BH_COLOUR_GS);
        one_set(opcodes[i], ADDRESS_SET, BH_COLOUR_GS);
    }
    for (int32_t displacement = 0; displacement < 64; displacement++) { // calls past the end of the table and to no whole entry of it
        struct encoding e = {{0x65, 0xff, 0x14, 0x25, (uint8_t)displacement, 0x20, 0x01}, 8};
        put_tail(&e);
        try_encoding(&e);
    }
    struct encoding copy = {{0x48, 0x89, 0xe0}, 3};
    put_tail(&copy);
    try_encoding(&copy);
}

static void samples(const struct encoding *prefixes, uint8_t rex, uint32_t opcode) {
    static const uint8_t forms[] = {0xc1, 0x03, 0x05, 0x44, 0x84};
    struct encoding start = *prefixes;
    put_opcode(&start, rex, opcode);
    for (size_t i = 0; i < sizeof(forms); i++)
        try_operand(&start, (uint8_t)(forms[i] | (random_word() & 0x38)), random_word() & 1 ? BY_FRAME : (uint8_t)random_word());
}

// Each sequence of two to four of the prefixes and of those that are never allowed, with repetitions, and with a REX that does not stand last.
void every_order_of_prefixes(void) {
    static const uint8_t bytes[] = {0x65, 0x64, 0x67, 0x66, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x48};
    enum { KINDS = sizeof(bytes) };
    unsigned longest = plan.full ? ORDER_MAX : ORDER_MAX - 1;
    for (uint32_t opcode = first_part(BH_COLOUR_GS); opcode < OPCODES; opcode += plan.parts) {
        unsigned total = 1;
        for (unsigned length = 1; is_opcode(opcode) && length <= longest; length++) {
            total *= KINDS;
            for (unsigned n = 0; n < total; n++) {
                struct encoding prefixes = {0};
                for (unsigned i = 0, rest = n; i < length; i++, rest /= KINDS)
                    put(&prefixes, bytes[rest % KINDS]);
                samples(&prefixes, random_word() & 1 ? 0 : 0x40 | (random_word() & 15), opcode);
            }
        }
    }
}

void every_sib(void) {
    static const uint16_t opcodes[] = {0x8b, 0x88, 0x8d, 0x83, 0xc7, 0xd9, 0xdf, 0x1b6, 0x128, 0x111, 0x1c7};
    static const uint8_t fronts[][2] = {{0}, {0x65}, {0x65, 0x67}, {0x67}};
    first_part(BH_COLOUR_GS);
    for (size_t o = plan.part; o < sizeof(opcodes) / sizeof(*opcodes); o += plan.parts)
        for (unsigned n = 0; n < 4 * REXES * 256; n++) {
            struct encoding start = {0};
            const uint8_t *front = fronts[n % 4];
            put_bytes(&start, front, (front[0] != 0) + (front[1] != 0));
            put_opcode(&start, (uint8_t)(n / 4 % REXES ? 0x3f + n / 4 % REXES : 0), opcodes[o]);
            for (unsigned modrm = HAS_SIB; modrm < 0xc0; modrm += 8)
                try_operand(&start, (uint8_t)modrm, (uint8_t)(n / 4 / REXES));
        }
}

// What may move %rsp: every amount around the limits.
void stack_moves(void) {
    static const uint8_t starts[][4] = {{0x48, 0x81, 0xc4}, {0x48, 0x81, 0xec}, {0x48, 0x83, 0xc4}, {0x48, 0x83, 0xec},
                                        {0x48, 0x8d, 0xa4, 0x24}, {0x48, 0x8d, 0x64, 0x24}, {0x4c, 0x8d, 0xa4, 0x24}, {0x49, 0x81, 0xec}};
    enum { REACH = BH_FRAME_MAX + 96 };
    first_part(BH_COLOUR_GS);
    for (size_t start = 0; start < sizeof(starts) / sizeof(*starts); start++)
        for (int32_t amount = -REACH; amount <= REACH; amount++) {
            struct encoding e = {0};
            uint8_t bytes[4];
            memcpy(bytes, &amount, sizeof(bytes));
            put_bytes(&e, starts[start], starts[start][3] ? 4 : 3);
            put_bytes(&e, bytes, sizeof(bytes));
            put_tail(&e);
            try_encoding(&e);
        }
}

// Escapes to other maps: their third byte, or the two that follow a VEX, EVEX, XOP or REX2 byte, with every value.
void escapes(void) {
    static const uint8_t escape[][2] = {{0x0f, 0x38}, {0x0f, 0x3a}, {0x0f, 0x0f}, {0x62}, {0xc4}, {0xc5}, {0x8f}, {0xd5}};
    static const uint8_t fronts[][2] = {{0}, {0x66}, {0xf2}, {0xf3}, {0xf0}, {0x65}, {0x65, 0x67}, {0x48}, {0x66, 0x48}, {0x41}};
    first_part(BH_COLOUR_GS);
    for (size_t kind = plan.part; kind < sizeof(escape) / sizeof(*escape); kind += plan.parts)
        for (size_t front = 0; front < sizeof(fronts) / sizeof(*fronts); front++)
            for (unsigned n = 0; n < 65536; n++) {
                struct encoding e = {0};
                put_bytes(&e, fronts[front], (fronts[front][0] != 0) + (fronts[front][1] != 0));
                put_bytes(&e, escape[kind], 1 + (escape[kind][0] == 0x0f));
                put(&e, (uint8_t)n);
                put(&e, (uint8_t)(n >> 8));
                put_tail(&e);
                try_encoding(&e);
            }
}

// What assemblers fill with: longer and longer.
void fillers(void) {
    static const uint8_t others[] = {0, 0x2e, 0x65, 0x67, 0xf2, 0xf3, 0x48, 0x40, 0x3e, 0x26};
    first_part(BH_COLOUR_GS);
    for (unsigned count = 0; count <= 15; count++)
        for (size_t other = 0; other < sizeof(others); other++)
            for (unsigned modrm = 0; modrm < 256; modrm++)
                for (unsigned where = 0; where < 4; where++) {
                    struct encoding e = {0};
                    if (others[other] && (where & 1))
                        put(&e, others[other]);
                    for (unsigned i = 0; i < count; i++)
                        put(&e, 0x66);
                    if (others[other] && !(where & 1))
                        put(&e, others[other]);
                    if (where & 2) {
                        put(&e, 0x90);
                    } else {
                        put(&e, 0x0f);
                        put(&e, 0x1f);
                        put(&e, (uint8_t)modrm);
                    }
                    put_tail(&e);
                    try_encoding(&e);
                }
}

// Calls and jumps through memory: every displacement in and around the table, in both colours.
void table_calls(void) {
    static const uint8_t fronts[][3] = {{0}, {0x65}, {0x64}, {0x65, 0x67}, {0x67, 0x64}, {0x65, 0x48}, {0x64, 0x41}, {0x66, 0x65}, {0x65, 0xf2}};
    for (size_t i = 0; i < 2 * sizeof(fronts) / sizeof(*fronts); i++) {
        size_t front = i / 2;
        first_part(i % 2 ? BH_COLOUR_FS : BH_COLOUR_GS);
        for (int32_t displacement = BH_TABLE_BASE - 16; displacement < BH_TABLE_END + 16; displacement++)
            for (unsigned n = 0; n < 4; n++) {
                struct encoding e = {0};
                uint8_t bytes[4];
                memcpy(bytes, &displacement, sizeof(bytes));
                put_bytes(&e, fronts[front], (fronts[front][0] != 0) + (fronts[front][1] != 0));
                put(&e, 0xff);
                put(&e, n & 1 ? 0x14 : 0x24);
                put(&e, n & 2 ? 0x25 : (uint8_t)random_word());
                put_bytes(&e, bytes, sizeof(bytes));
                put_tail(&e);
                try_encoding(&e);
            }
    }
}
