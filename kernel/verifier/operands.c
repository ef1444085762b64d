// SPDX-License-Identifier: MIT
//
// Operands: no segment, control, debug or stack register; memory through the slot's segment with a 32-bit address, or in the
// frame at a constant offset, or in the image relative to %rip, or behind an anchor.
#include "kernel/verifier/internal.h"

static bool is_stack_register(x86_reg reg) {
    return reg == X86_REG_RSP || reg == X86_REG_ESP || reg == X86_REG_SP || reg == X86_REG_SPL;
}

static bool is_system_register(x86_reg reg) {
    return (reg >= X86_REG_CR0 && reg <= X86_REG_CR15) || (reg >= X86_REG_DR0 && reg <= X86_REG_DR15) || reg == X86_REG_CS ||
           reg == X86_REG_DS || reg == X86_REG_ES || reg == X86_REG_FS || reg == X86_REG_GS || reg == X86_REG_SS;
}

static bool is_address_32(x86_reg reg) {
    switch (reg) {
    case X86_REG_INVALID: case X86_REG_EAX: case X86_REG_EBX: case X86_REG_ECX: case X86_REG_EDX: case X86_REG_ESI:
    case X86_REG_EDI: case X86_REG_EBP: case X86_REG_R8D: case X86_REG_R9D: case X86_REG_R10D: case X86_REG_R11D:
    case X86_REG_R12D: case X86_REG_R13D: case X86_REG_R14D: case X86_REG_R15D: case X86_REG_EIZ:
        return true;
    default:
        return false;
    }
}

// Bytes that an x87 instruction touches in memory, by opcode and the middle field of ModRM (AMD APM vol. 5; 0: no such instruction).
static uint8_t x87_size(const uint8_t *code) {
    static const uint8_t sizes[8][8] = {{4, 4, 4, 4, 4, 4, 4, 4},    {4, 0, 4, 4, 28, 2, 28, 2}, {4, 4, 4, 4, 4, 4, 4, 4},
                                        {4, 4, 4, 4, 0, 10, 0, 10},  {8, 8, 8, 8, 8, 8, 8, 8},   {8, 8, 8, 8, 108, 0, 108, 2},
                                        {2, 2, 2, 2, 2, 2, 2, 2},    {2, 2, 2, 2, 10, 8, 10, 8}};
    return sizes[code[0] & 7][code[1] >> 3 & 7];
}

// Bytes that a stack access touches. Capstone's operand size, but the whole register for SSE moves that are not known to be
// narrower, and our own table for x87: a size taken too small would let a store leave the frame.
static uint8_t access_size(const cs_insn *insn, const struct prefixes *p, const cs_x86_op *op) {
    const cs_x86 *x86 = &insn->detail->x86;
    uint8_t size = op->size;
    for (int i = 0; i < x86->op_count; i++) {
        const cs_x86_op *other = &x86->operands[i];
        bool wide = other->type == X86_OP_REG && other->reg >= X86_REG_XMM0 && other->reg <= X86_REG_XMM31;
        if (!wide)
            continue;
        switch (insn->id) {
        case X86_INS_MOVSS: case X86_INS_MOVSD: case X86_INS_MOVD: case X86_INS_MOVQ: case X86_INS_MOVLPS: case X86_INS_MOVLPD:
        case X86_INS_MOVHPS: case X86_INS_MOVHPD: case X86_INS_CVTSI2SD: case X86_INS_CVTSI2SS:
            return size < 8 ? 8 : size;
        default:
            return 16;
        }
    }
    if ((insn->bytes[p->count] & 0xf8) == 0xd8)
        return x87_size(insn->bytes + p->count);
    return size;
}

// Does the instruction only read its memory operand, the `index`-th in Intel's order? Capstone's own opinion is not asked: version 4 calls
// movups, movhps, movnti, cmpxchg, stmxcsr and fnstcw to memory reads. The first operand is a destination unless listed here.
static bool only_reads(const cs_insn *insn, int index) {
    switch (insn->id) {
    case X86_INS_XCHG: case X86_INS_XADD: case X86_INS_CMPXCHG:
        return false;
    case X86_INS_CMP: case X86_INS_TEST: case X86_INS_BT: case X86_INS_MUL: case X86_INS_IMUL: case X86_INS_DIV: case X86_INS_IDIV:
    case X86_INS_COMISS: case X86_INS_COMISD: case X86_INS_UCOMISS: case X86_INS_UCOMISD: case X86_INS_PREFETCHNTA:
    case X86_INS_PREFETCHT0: case X86_INS_PREFETCHT1: case X86_INS_PREFETCHT2: case X86_INS_PREFETCHW: case X86_INS_FLD:
    case X86_INS_FILD: case X86_INS_FADD: case X86_INS_FIADD: case X86_INS_FSUB: case X86_INS_FISUB: case X86_INS_FSUBR:
    case X86_INS_FISUBR: case X86_INS_FMUL: case X86_INS_FIMUL: case X86_INS_FDIV: case X86_INS_FIDIV: case X86_INS_FDIVR:
    case X86_INS_FIDIVR: case X86_INS_FCOM: case X86_INS_FCOMP:
        return true;
    default:
        return index > 0;
    }
}

static enum bh_error stack_operand(struct verification *v, const cs_insn *insn, const struct prefixes *p, const cs_x86_op *op,
                                   struct record *record) {
    if (p->segment || p->address_32 || op->mem.index != X86_REG_INVALID || op->mem.base != X86_REG_RSP)
        return refuse_code(v, RULE_OPERAND_STACK, record->offset, "an index or a prefix");
    if (op->mem.disp < INT32_MIN || op->mem.disp > INT32_MAX)
        return refuse_code(v, RULE_OPERAND_STACK, record->offset, "displacement");
    record->access = access_size(insn, p, op);
    if (!record->access || p->lock)
        return refuse_code(v, RULE_OPERAND_STACK, record->offset, "an access of unknown size, or a locked one");
    record->displacement = (int32_t)op->mem.disp;
    int index = (int)(op - insn->detail->x86.operands);
    record->flags |= RECORD_STACK_LOAD | (only_reads(insn, index) ? 0 : RECORD_STACK_STORE);
    return BH_OK;
}

static enum bh_error image_operand(struct verification *v, const cs_insn *insn, const struct prefixes *p, const cs_x86_op *op,
                                   const struct record *record) {
    if (p->segment || p->address_32 || op->mem.base != X86_REG_RIP || op->mem.index != X86_REG_INVALID)
        return refuse_code(v, RULE_OPERAND_SEGMENT, record->offset, "a prefix on a RIP-relative operand");
    int64_t target = (int64_t)record->offset + insn->size + op->mem.disp;
    if (target < (int64_t)BH_SLOT_IMAGE || target + 16 > (int64_t)BH_SLOT_IMAGE_END || target >= v->image->end)
        return refuse_code(v, RULE_OPERAND_IMAGE, record->offset, "0x%llx is not between 0x%llx and 0x%x",
                           (unsigned long long)target, BH_SLOT_IMAGE, v->image->end);
    return BH_OK;
}

static enum bh_error slot_operand(struct verification *v, const struct prefixes *p, const cs_x86_op *op,
                                  const struct record *record) {
    uint8_t want = v->colour == BH_COLOUR_GS ? 0x65 : 0x64;
    if (p->segment != want)
        return refuse_code(v, RULE_OPERAND_SEGMENT, record->offset, p->segment ? "the other segment register" : "no segment prefix");
    bool registers = op->mem.base != X86_REG_INVALID || op->mem.index != X86_REG_INVALID;
    if (registers && (!p->address_32 || !is_address_32(op->mem.base) || !is_address_32(op->mem.index)))
        return refuse_code(v, RULE_OPERAND_SEGMENT, record->offset, "the address is not of 32 bits");
    if (!registers && !p->address_32 && (op->mem.disp < 0 || op->mem.disp > INT32_MAX))
        return refuse_code(v, RULE_OPERAND_SEGMENT, record->offset, "the displacement is negative");
    return BH_OK;
}

static enum bh_error memory_operand(struct verification *v, const cs_insn *insn, const struct prefixes *p, const cs_x86_op *op,
                                    struct record *record) {
    uint8_t opcode = insn->bytes[p->count];
    if ((opcode & 0xfc) == 0xa0) // moffs: a 64-bit absolute address
        return refuse_code(v, RULE_OPERAND_SEGMENT, record->offset, "an absolute 64-bit address");
    if (is_stack_register(op->mem.base) || is_stack_register(op->mem.index))
        return stack_operand(v, insn, p, op, record);
    if (op->mem.base == X86_REG_RIP || op->mem.base == X86_REG_EIP)
        return image_operand(v, insn, p, op, record);
    if (is_anchored_operand(p, op))
        return anchored_operand(v, op, record);
    return slot_operand(v, p, op, record);
}

// lea computes only. It may not look at %rsp.
static enum bh_error lea_check(struct verification *v, const struct prefixes *p, const cs_x86 *x86, const struct record *record) {
    if (p->segment)
        return refuse_code(v, RULE_PREFIX, record->offset, "a segment on lea");
    for (int i = 0; i < x86->op_count; i++) {
        const cs_x86_op *op = &x86->operands[i];
        if ((op->type == X86_OP_REG && is_stack_register(op->reg)) ||
            (op->type == X86_OP_MEM && (is_stack_register(op->mem.base) || is_stack_register(op->mem.index))))
            return refuse_code(v, RULE_STACK_POINTER, record->offset, "lea");
    }
    return BH_OK;
}

static bool is_bit_test(const cs_insn *insn) {
    return insn->id == X86_INS_BT || insn->id == X86_INS_BTS || insn->id == X86_INS_BTR || insn->id == X86_INS_BTC;
}

enum bh_error operands_check(struct verification *v, const cs_insn *insn, const struct prefixes *p, struct record *record) {
    const cs_x86 *x86 = &insn->detail->x86;
    bool memory = false;
    if (insn->id == X86_INS_LEA)
        return lea_check(v, p, x86, record);
    for (int i = 0; i < x86->op_count; i++) {
        const cs_x86_op *op = &x86->operands[i];
        if (op->type == X86_OP_REG && is_stack_register(op->reg))
            return refuse_code(v, RULE_STACK_POINTER, record->offset, "as an operand");
        if (op->type == X86_OP_REG && is_system_register(op->reg))
            return refuse_code(v, RULE_INSTRUCTION, record->offset, "a segment, control or debug register");
        if (op->type != X86_OP_MEM)
            continue;
        if (memory)
            return refuse_code(v, RULE_INSTRUCTION, record->offset, "two memory operands");
        memory = true;
        if (is_bit_test(insn) && x86->operands[x86->op_count - 1].type != X86_OP_IMM)
            return refuse_code(v, RULE_BIT_TEST, record->offset, "offset in a register");
        enum bh_error error = memory_operand(v, insn, p, op, record);
        if (error)
            return error;
    }
    if (!memory && (p->segment || p->address_32 || p->lock))
        return refuse_code(v, RULE_PREFIX, record->offset, "a memory prefix without a memory operand");
    if (p->lock && x86->operands[0].type != X86_OP_MEM) // the decoder takes it, the processor does not
        return refuse_code(v, RULE_PREFIX, record->offset, "a lock without a destination in memory");
    return BH_OK;
}
