// SPDX-License-Identifier: MIT
//
// Decoding with capstone behind a cache. The key is (cr3, rip, mode); an entry counts only while the bytes at rip are still
// those that were decoded, so that a guest that changes its code is never misread.
#include "decode.h"

#include <capstone/capstone.h>
#include <string.h>

#include "bulkhead/log.h"
#include "guest.h"
#include "machine.h"
#include "paging.h"

#define CACHE_SIZE 256

struct entry {
    uint64_t cr3, rip;
    uint32_t mode; // 0: empty
    uint8_t bytes[INSTRUCTION_SIZE_MAX + 1];
    struct mmio_instruction instruction;
};

static struct entry cache[CACHE_SIZE];
static struct {
    csh handle;
    cs_insn *instruction;
} decoders[3]; // 16, 32, 64 bits

// Registers by capstone's number. The index is that of struct bh_vcpu_state: rax rbx rcx rdx rsi rdi rbp rsp r8 ... r15.
static bool register_index(x86_reg reg, struct mmio_instruction *out) {
    static const x86_reg table[][5] = {
        {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH},
        {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH},
        {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH},
        {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH},
        {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL},
        {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL},
        {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL},
        {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL},
        {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B},
        {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B},
        {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B},
        {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B},
        {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B},
        {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B},
        {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B},
        {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B},
    };
    for (uint8_t i = 0; i < 16; i++)
        for (int form = 0; form < 5; form++)
            if (table[i][form] == reg && reg != X86_REG_INVALID) {
                out->reg = i;
                out->high = form == 4;
                return true;
            }
    return false;
}

static bool operation_of(unsigned id, enum mmio_operation *operation) {
    switch (id) {
    case X86_INS_ADD:
        *operation = OP_ADD;
        return true;
    case X86_INS_SUB:
        *operation = OP_SUB;
        return true;
    case X86_INS_AND:
        *operation = OP_AND;
        return true;
    case X86_INS_OR:
        *operation = OP_OR;
        return true;
    case X86_INS_XOR:
        *operation = OP_XOR;
        return true;
    case X86_INS_CMP:
        *operation = OP_CMP;
        return true;
    case X86_INS_TEST:
        *operation = OP_TEST;
        return true;
    default:
        return false;
    }
}

static bool take_source(const cs_x86_op *operand, struct mmio_instruction *out) {
    if (operand->type == X86_OP_IMM) {
        out->immediate = true;
        out->value = (uint64_t)operand->imm;
        return true;
    }
    out->register_size = operand->size;
    return operand->type == X86_OP_REG && register_index(operand->reg, out);
}

// Two operands, exactly one of them memory.
static bool decode_two(const cs_insn *insn, struct mmio_instruction *out) {
    const cs_x86 *x86 = &insn->detail->x86;
    if (x86->op_count != 2)
        return false;
    bool memory_first = x86->operands[0].type == X86_OP_MEM;
    const cs_x86_op *memory = &x86->operands[memory_first ? 0 : 1], *other = &x86->operands[memory_first ? 1 : 0];
    if (memory->type != X86_OP_MEM || !take_source(other, out))
        return false;
    out->size = memory->size;
    switch (insn->id) {
    case X86_INS_MOV:
    case X86_INS_MOVABS:
        out->kind = memory_first ? MMIO_STORE : MMIO_LOAD;
        return true;
    case X86_INS_MOVNTI:
        out->kind = MMIO_STORE;
        return memory_first;
    case X86_INS_MOVZX:
        out->kind = MMIO_LOAD;
        return true;
    case X86_INS_MOVSX:
    case X86_INS_MOVSXD:
        out->kind = MMIO_LOAD_SIGN;
        return true;
    case X86_INS_XCHG:
        out->kind = MMIO_EXCHANGE;
        return true;
    default:
        out->kind = memory_first ? MMIO_UPDATE : MMIO_COMBINE;
        return operation_of(insn->id, &out->operation);
    }
}

static bool decode_string(const cs_insn *insn, struct mmio_instruction *out) {
    static const struct {
        unsigned id;
        enum mmio_kind kind;
        uint8_t size;
    } forms[] = {
        {X86_INS_STOSB, MMIO_STOS, 1}, {X86_INS_STOSW, MMIO_STOS, 2}, {X86_INS_STOSD, MMIO_STOS, 4}, {X86_INS_STOSQ, MMIO_STOS, 8},
        {X86_INS_LODSB, MMIO_LODS, 1}, {X86_INS_LODSW, MMIO_LODS, 2}, {X86_INS_LODSD, MMIO_LODS, 4}, {X86_INS_LODSQ, MMIO_LODS, 8},
        {X86_INS_MOVSB, MMIO_MOVS, 1}, {X86_INS_MOVSW, MMIO_MOVS, 2}, {X86_INS_MOVSD, MMIO_MOVS, 4}, {X86_INS_MOVSQ, MMIO_MOVS, 8},
    };
    const cs_x86 *x86 = &insn->detail->x86;
    bool vector = insn->id == X86_INS_MOVSD && x86->opcode[0] == 0x0f; // SSE2's movsd has the same name
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !vector; i++) {
        if (forms[i].id != insn->id)
            continue;
        out->kind = forms[i].kind;
        out->size = forms[i].size;
        out->repeat = x86->prefix[0] == X86_PREFIX_REP || x86->prefix[0] == X86_PREFIX_REPNE;
        return true;
    }
    return false;
}

static bool decoder_open(uint32_t index) {
    static const cs_mode modes[] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
    if (decoders[index].instruction)
        return true;
    if (cs_open(CS_ARCH_X86, modes[index], &decoders[index].handle) != CS_ERR_OK) {
        bh_error_log("capstone has no decoder for x86");
        return false;
    }
    cs_option(decoders[index].handle, CS_OPT_DETAIL, CS_OPT_ON);
    decoders[index].instruction = cs_malloc(decoders[index].handle);
    return decoders[index].instruction != NULL;
}

bool decode(const uint8_t *bytes, uint32_t size, uint32_t mode, struct mmio_instruction *out) {
    uint32_t index = mode == 64 ? 2 : mode == 32 ? 1 : 0;
    size_t left = size;
    uint64_t address = 0;
    if (!decoder_open(index))
        return false;
    cs_insn *insn = decoders[index].instruction;
    if (!cs_disasm_iter(decoders[index].handle, &bytes, &left, &address, insn))
        return false;
    *out = (struct mmio_instruction){.length = (uint8_t)insn->size, .address_size = insn->detail->x86.addr_size};
    return decode_string(insn, out) || decode_two(insn, out);
}

const struct mmio_instruction *decode_current(const struct machine *machine) {
    const struct bh_vcpu_state *state = machine->state;
    uint8_t bytes[INSTRUCTION_SIZE_MAX + 1] = {0};
    gva address = state->mode_bits == 64 ? state->rip : (uint32_t)(state->cs_base + state->rip);
    struct entry *entry = &cache[(state->rip ^ state->rip >> 8 ^ state->rip >> 16) % CACHE_SIZE];
    uint32_t size = paging_read(&machine->memory, state, address, bytes, INSTRUCTION_SIZE_MAX);
    if (entry->mode == state->mode_bits && entry->rip == state->rip && entry->cr3 == state->cr3 &&
        size >= entry->instruction.length && !memcmp(entry->bytes, bytes, entry->instruction.length))
        return &entry->instruction;
    if (!decode(bytes, size, state->mode_bits, &entry->instruction)) {
        entry->mode = 0;
        return NULL;
    }
    entry->cr3 = state->cr3;
    entry->rip = state->rip;
    entry->mode = state->mode_bits;
    memcpy(entry->bytes, bytes, sizeof(bytes));
    return &entry->instruction;
}
