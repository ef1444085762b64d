// SPDX-License-Identifier: MIT
//
// Encodings for the operands that take the slot's base from a register: every opcode behind the truncation of every index; and many other
// instructions in the place of the truncation, behind which none of them may stand.
#include <string.h>

#include "tests/decoders/decoders.h"

enum { OPCODES = 512, STACK = 4, LOW = 7 };

// movl %eX, %eY, by either opcode.
static size_t truncation(uint8_t x, uint8_t y, bool load, uint8_t *bytes) {
    uint8_t reg = load ? y : x, rm = load ? x : y, rex = (uint8_t)(0x40 | (reg >> 3) << 2 | rm >> 3);
    size_t size = 0;
    if (rex != 0x40)
        bytes[size++] = rex;
    bytes[size++] = load ? 0x8b : 0x89;
    bytes[size++] = (uint8_t)(0xc0 | (reg & LOW) << 3 | (rm & LOW));
    return size;
}

static void put_all(struct encoding *e, const uint8_t *bytes, size_t size) {
    memcpy(e->bytes + e->size, bytes, size);
    e->size += (uint8_t)size;
}

// Prefixes, REX, opcode, ModRM and SIB, with a tail that is always the same: no displacement follows.
static bool try_behind(uint8_t prefix, uint8_t rex, uint32_t opcode, uint8_t modrm, uint8_t sib) {
    static const uint8_t tail[] = {0x12, 0x05, 0x34, 0x00, 0x07, 0x11, 0x22, 0x33};
    struct encoding e = {0};
    if (prefix)
        put_all(&e, &prefix, 1);
    if (rex)
        put_all(&e, &rex, 1);
    if (opcode >= 256)
        put_all(&e, (const uint8_t[]){0x0f}, 1);
    put_all(&e, (const uint8_t[]){(uint8_t)opcode, modrm, sib}, 3);
    put_all(&e, tail, sizeof(tail));
    memset(e.bytes + e.size, 0x0b, (size_t)(ENCODING_MAX - e.size));
    return try_encoding(&e);
}

// One opcode with all its ModRM that have a SIB, for an index; all REX, since each chooses other registers.
static void one_opcode(uint32_t opcode, uint8_t prefix, uint8_t index) {
    for (unsigned next = 0x3f; next < 0x50; next++) {
        uint8_t rex = next == 0x3f ? 0 : (uint8_t)next;
        for (unsigned modrm = STACK; modrm < (plan.full ? 0xc0u : 0x48u); modrm += 8)
            for (unsigned base = 0; base < 8; base++) {
                uint8_t sib = (uint8_t)((index & LOW) << 3 | base);
                bool met = try_behind(prefix, rex, opcode, (uint8_t)modrm, sib);
                for (unsigned other = 1; met && other < (plan.full ? 4 : 2); other++) // another scale, another index
                    try_behind(prefix, rex, opcode, (uint8_t)modrm, (uint8_t)(sib ^ (other << 6 | (other & 1) << 3)));
                if (!met && !plan.full && base)
                    break;
            }
    }
}

void anchored_operands(void) {
    static const uint8_t prefixes[] = {0, 0x66, 0xf2, 0xf3, 0xf0, 0x65, 0x67};
    const size_t count = sizeof(prefixes) - (plan.full ? 0 : 2);
    uint8_t front[4];
    for (uint8_t index = 0; index < 16; index++) {
        uint8_t from = ((index + 3) & 15) == STACK ? index : (index + 3) & 15;
        size_t size = truncation(from, index, index & 1, front);
        if (index == STACK || !ask_behind(front, size, BH_COLOUR_GS)) {
            tally.disagreements += index != STACK;
            continue;
        }
        for (uint32_t opcode = plan.part; opcode < OPCODES; opcode += plan.parts)
            for (size_t p = 0; p < count; p++)
                one_opcode(opcode, prefixes[p], index);
    }
}

// The instruction in front is anything: both maps, every REX, registers and memory; behind it, (%r9,%Y) for each Y.
static void behind_all_indices(const uint8_t *front, size_t size) {
    struct answer answer;
    uint8_t whole[ENCODING_MAX];
    memset(whole, 0x0b, sizeof(whole));
    memcpy(whole, front, size);
    if (!ask_behind_strings(BH_COLOUR_GS))
        return;
    ask(whole, sizeof(whole), &answer);
    if (!answer.accepted || !ask_behind(whole, answer.record.size, BH_COLOUR_GS))
        return;
    for (uint8_t index = 0; index < 16; index++)
        try_behind(0, (uint8_t)(0x49 | (index >> 3) << 1), 0x8b, 0x04, (uint8_t)((index & LOW) << 3 | 1));
}

void truncations(void) {
    static const uint8_t prefixes[] = {0, 0x66, 0xf2, 0xf3};
    for (uint32_t opcode = plan.part; opcode < OPCODES; opcode += plan.parts)
        for (unsigned rex = 0x3f; rex < 0x50; rex++)
            for (unsigned modrm = 0xc0; modrm < 0x100; modrm++)
                for (size_t p = 0; p < sizeof(prefixes); p++) {
                    uint8_t bytes[8] = {0};
                    size_t size = 0;
                    if (prefixes[p])
                        bytes[size++] = prefixes[p];
                    if (rex != 0x3f)
                        bytes[size++] = (uint8_t)rex;
                    if (opcode >= 256)
                        bytes[size++] = 0x0f;
                    bytes[size++] = (uint8_t)opcode;
                    bytes[size++] = (uint8_t)modrm;
                    behind_all_indices(bytes, size);
                }
}
