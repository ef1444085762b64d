// SPDX-License-Identifier: MIT
//
// Instructions that touch device memory: from bytes to a small record that mmio.c executes.
#ifndef VMM_DECODE_H
#define VMM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

enum mmio_kind : uint8_t {
    MMIO_LOAD,      // register <- memory, zero extended to the register's size
    MMIO_LOAD_SIGN, // register <- memory, sign extended
    MMIO_STORE,     // memory <- source
    MMIO_UPDATE,    // memory <- memory (operation) source
    MMIO_COMBINE,   // register <- register (operation) memory
    MMIO_EXCHANGE,  // memory <-> register
    MMIO_STOS,
    MMIO_LODS,
    MMIO_MOVS,
};

enum mmio_operation : uint8_t { OP_ADD, OP_SUB, OP_AND, OP_OR, OP_XOR, OP_CMP, OP_TEST };

#define INSTRUCTION_SIZE_MAX 15

struct mmio_instruction {
    enum mmio_kind kind;
    enum mmio_operation operation;
    uint8_t length;        // bytes
    uint8_t size;          // of the memory operand: 1, 2, 4, 8
    uint8_t register_size; // of the register written by a load
    uint8_t reg;           // index in struct bh_vcpu_state's order
    bool high;             // ah, bh, ch, dh
    bool immediate;        // the source is `value`, not a register
    bool repeat;           // rep
    uint8_t address_size;  // 2, 4, 8: width of the string registers
    uint64_t value;
};

// Decode `size` bytes in `mode` (16, 32, 64). False when it is no instruction that device memory allows.
bool decode(const uint8_t *bytes, uint32_t size, uint32_t mode, struct mmio_instruction *out);
// The instruction at the vCPU's rip: fetched through the guest's page tables, decoded or found in the cache.
// NULL when it cannot be fetched or decoded.
const struct mmio_instruction *decode_current(const struct machine *machine);

#endif
