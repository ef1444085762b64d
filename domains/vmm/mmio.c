// SPDX-License-Identifier: MIT
//
// MMIO instructions on the vCPU's registers. String forms do one element an exit. Segment bases other than cs are taken as
// 0: true in 64-bit mode, and of the flat segments in which protected-mode guests run.
#include "mmio.h"

#include "guest.h"
#include "machine.h"
#include "paging.h"

#define FLAG_CF 0x001ull
#define FLAG_PF 0x004ull
#define FLAG_AF 0x010ull
#define FLAG_ZF 0x040ull
#define FLAG_SF 0x080ull
#define FLAG_DF 0x400ull
#define FLAG_OF 0x800ull
#define FLAGS_ARITHMETIC (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

static uint64_t *registers(struct machine *machine) {
    return &machine->state->rax;
}

static uint64_t mask_of(uint32_t size) {
    return size == 8 ? ~0ull : (1ull << size * 8) - 1;
}

static uint64_t get_register(struct machine *machine, const struct mmio_instruction *instruction, uint32_t size) {
    uint64_t value = registers(machine)[instruction->reg];
    return (instruction->high ? value >> 8 : value) & mask_of(size);
}

// Writes of 4 bytes clear the upper half; narrower ones keep the rest.
static void set_register(uint64_t *reg, bool high, uint32_t size, uint64_t value) {
    uint64_t mask = size == 4 ? ~0ull : mask_of(size) << (high ? 8 : 0);
    value &= mask_of(size);
    *reg = (*reg & ~mask) | (value << (high ? 8 : 0));
}

static uint64_t sign_extend(uint64_t value, uint32_t size) {
    uint32_t shift = 64 - size * 8;
    return (uint64_t)((int64_t)(value << shift) >> shift);
}

static uint64_t flags_of_result(uint64_t result, uint32_t size) {
    uint64_t flags = result & mask_of(size) ? 0 : FLAG_ZF;
    if (result >> (size * 8 - 1) & 1)
        flags |= FLAG_SF;
    if (!__builtin_parity((uint8_t)result))
        flags |= FLAG_PF;
    return flags;
}

static uint64_t combine(struct machine *machine, enum mmio_operation operation, uint64_t a, uint64_t b, uint32_t size) {
    uint64_t mask = mask_of(size), top = 1ull << (size * 8 - 1), flags = 0, result;
    b &= mask;
    switch (operation) {
    case OP_ADD:
        result = (a + b) & mask;
        flags = (result < a ? FLAG_CF : 0) | ((a ^ result) & (b ^ result) & top ? FLAG_OF : 0) | ((a ^ b ^ result) & FLAG_AF);
        break;
    case OP_SUB:
    case OP_CMP:
        result = (a - b) & mask;
        flags = (a < b ? FLAG_CF : 0) | ((a ^ b) & (a ^ result) & top ? FLAG_OF : 0) | ((a ^ b ^ result) & FLAG_AF);
        break;
    case OP_OR:
        result = a | b;
        break;
    case OP_XOR:
        result = a ^ b;
        break;
    default:
        result = a & b;
        break;
    }
    flags |= flags_of_result(result, size);
    machine->state->rflags = (machine->state->rflags & ~FLAGS_ARITHMETIC) | flags;
    return result;
}

static uint64_t source(struct machine *machine, const struct mmio_instruction *instruction) {
    return instruction->immediate ? instruction->value & mask_of(instruction->size)
                                  : get_register(machine, instruction, instruction->size);
}

// One element copied between device memory and the other side, which may be either too.
static bool move_string(struct machine *machine, const struct mmio_instruction *instruction, gpa address, bool write) {
    struct bh_vcpu_state *state = machine->state;
    uint64_t value = 0;
    gpa other;
    gva linear = (write ? state->rsi : state->rdi) & mask_of(instruction->address_size);
    if (!paging_translate(&machine->memory, state, linear, &other))
        return false;
    gpa from = write ? other : address, to = write ? address : other;
    if (!memory_read(&machine->memory, from, &value, instruction->size))
        value = machine_mmio_read(machine, from, instruction->size);
    if (!memory_write(&machine->memory, to, &value, instruction->size))
        machine_mmio_write(machine, to, instruction->size, value);
    return true;
}

static bool execute_string(struct machine *machine, const struct mmio_instruction *instruction, gpa address, bool write) {
    struct bh_vcpu_state *state = machine->state;
    uint32_t size = instruction->size, width = instruction->address_size;
    uint64_t step = state->rflags & FLAG_DF ? 0 - (uint64_t)size : size;
    bool uses_source = instruction->kind != MMIO_STOS, uses_target = instruction->kind != MMIO_LODS;
    if (instruction->kind == MMIO_STOS)
        machine_mmio_write(machine, address, size, state->rax & mask_of(size));
    else if (instruction->kind == MMIO_LODS)
        set_register(&state->rax, false, size, machine_mmio_read(machine, address, size));
    else if (!move_string(machine, instruction, address, write))
        return false;
    undo_save_registers(machine);
    if (uses_source)
        set_register(&state->rsi, false, width, state->rsi + step);
    if (uses_target)
        set_register(&state->rdi, false, width, state->rdi + step);
    if (instruction->repeat)
        set_register(&state->rcx, false, width, state->rcx - 1);
    if (!instruction->repeat || !(state->rcx & mask_of(width)))
        state->rip += instruction->length;
    return true;
}

static void execute_plain(struct machine *machine, const struct mmio_instruction *instruction, gpa address) {
    uint64_t *reg = &registers(machine)[instruction->reg], value;
    uint32_t size = instruction->size;
    bool compare = instruction->operation == OP_CMP || instruction->operation == OP_TEST;
    if (instruction->kind == MMIO_STORE) {
        machine_mmio_write(machine, address, size, source(machine, instruction));
        return;
    }
    value = machine_mmio_read(machine, address, size) & mask_of(size);
    switch (instruction->kind) {
    case MMIO_LOAD:
        set_register(reg, instruction->high, instruction->register_size, value);
        break;
    case MMIO_LOAD_SIGN:
        set_register(reg, instruction->high, instruction->register_size, sign_extend(value, size));
        break;
    case MMIO_EXCHANGE:
        machine_mmio_write(machine, address, size, source(machine, instruction));
        undo_save_registers(machine);
        set_register(reg, instruction->high, size, value);
        break;
    case MMIO_UPDATE:
        value = combine(machine, instruction->operation, value, source(machine, instruction), size);
        if (!compare)
            machine_mmio_write(machine, address, size, value);
        break;
    default:
        value = combine(machine, instruction->operation, source(machine, instruction), value, size);
        undo_save_registers(machine);
        if (!compare)
            set_register(reg, instruction->high, size, value);
        break;
    }
}

bool mmio_execute(struct machine *machine, const struct mmio_instruction *instruction, gpa address, bool write) {
    if (instruction->kind >= MMIO_STOS)
        return execute_string(machine, instruction, address, write);
    execute_plain(machine, instruction, address);
    machine->state->rip += instruction->length;
    return true;
}
