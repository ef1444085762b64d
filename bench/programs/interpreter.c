// SPDX-License-Identifier: MIT
//
// A small register bytecode interpreter: a switch in a loop, indexed loads and stores.
#include "programs.h"

#include <stdlib.h>

enum operation { OP_LOAD, OP_ADD, OP_SUB, OP_MUL, OP_XOR, OP_SHIFT, OP_STORE, OP_FETCH, OP_JUMP_NOT_ZERO, OP_HALT };

struct instruction {
    uint8_t operation, a, b, c;
    int32_t value;
};

// for (i = n; i; i--) { memory[i & 255] ^= (x = x * 33 + i); y += memory[x & 255]; }
static const struct instruction code[] = {
    {OP_MUL, 1, 1, 3, 0},   {OP_ADD, 1, 1, 0, 0}, {OP_FETCH, 4, 0, 0, 0}, {OP_XOR, 4, 4, 1, 0},
    {OP_STORE, 4, 0, 0, 0}, {OP_FETCH, 5, 1, 0, 0}, {OP_ADD, 2, 2, 5, 0}, {OP_SHIFT, 2, 2, 0, 1},
    {OP_SUB, 0, 0, 6, 0},   {OP_JUMP_NOT_ZERO, 0, 0, 0, -9}, {OP_HALT, 0, 0, 0, 0},
};

static __attribute__((noinline)) uint64_t interpret(const struct instruction *at, uint64_t *registers, uint64_t *memory) {
    for (;; at++) {
        uint64_t *a = &registers[at->a], b = registers[at->b], c = registers[at->c];
        switch (at->operation) {
        case OP_LOAD: *a = (uint64_t)at->value; break;
        case OP_ADD: *a = b + c; break;
        case OP_SUB: *a = b - c; break;
        case OP_MUL: *a = b * c; break;
        case OP_XOR: *a = b ^ c; break;
        case OP_SHIFT: *a = b << (at->value & 63) | b >> (64 - (at->value & 63)); break;
        case OP_STORE: memory[b & 255] = *a; break;
        case OP_FETCH: *a = memory[b & 255]; break;
        case OP_JUMP_NOT_ZERO:
            if (*a)
                at += at->value - 1;
            break;
        default: return registers[2];
        }
    }
}

uint64_t interpreter_run(uint32_t rounds) {
    uint64_t *memory = calloc(256, sizeof(*memory)), sum = 0;
    if (!memory)
        return 0;
    for (uint32_t round = 0; round < rounds; round++) {
        uint64_t registers[8] = {20000, round + 1, 0, 33, 0, 0, 1, 0};
        sum ^= interpret(code, registers, memory);
    }
    free(memory);
    return sum;
}
