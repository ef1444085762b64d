// SPDX-License-Identifier: MIT
//
// Anchors: registers that hold the slot's base. A load whose address is the result of another load waits a cycle longer through a
// segment with a base than through base and index registers (docs/verified-code.md), so loops that follow pointers may add the base
// themselves. What a register holds is found out by depth.c's walk; here is what each instruction does to it. Only %r8 to %r15 can be
// anchors: no allowed instruction writes one of them without naming it.
#include <string.h>

#include "kernel/verifier/internal.h"

// movq %gs:0x10000, %R ; leaq D(%R), %R with 0 <= D < 128, or the first of them alone. A bias upwards only: the accesses end at most
// BH_ANCHOR_BIAS_MAX bytes, the index's 4 GiB and an operand's size above the base, in the unmapped start of the next slot.
uint32_t anchor_at(const struct verification *v, uint32_t offset, uint8_t *anchor) {
    enum { LOAD_SIZE = 9, BIASED_SIZE = 13 };
    static const uint8_t table[] = {0x25, 0x00, 0x00, 0x01, 0x00};
    const uint8_t *b = v->text + (offset - v->text_start);
    size_t left = v->text_end - offset;
    if (left < LOAD_SIZE || b[0] != (v->colour == BH_COLOUR_GS ? 0x65 : 0x64) || b[1] != 0x4c || b[2] != 0x8b || (b[3] & 0xc7) != 0x04 ||
        memcmp(b + 4, table, sizeof(table)))
        return 0;
    uint8_t r = b[3] >> 3 & 7;
    *anchor = (uint8_t)(1u << r);
    const uint8_t *lea = b + LOAD_SIZE;
    bool biased =
        left >= BIASED_SIZE && r != 4 && lea[0] == 0x4d && lea[1] == 0x8d && lea[2] == (0x40 | r << 3 | r) && lea[3] <= BH_ANCHOR_BIAS_MAX;
    return biased ? BIASED_SIZE : LOAD_SIZE;
}

// Is it one of r8 to r15, whole?
static bool is_extended(x86_reg reg) {
    return reg >= X86_REG_R8 && reg <= X86_REG_R15;
}

// 0 to 7 for r8 to r15 of any width, -1 for others.
static int extended_number(x86_reg reg) {
    if (is_extended(reg))
        return reg - X86_REG_R8;
    if (reg >= X86_REG_R8D && reg <= X86_REG_R15D)
        return reg - X86_REG_R8D;
    if (reg >= X86_REG_R8W && reg <= X86_REG_R15W)
        return reg - X86_REG_R8W;
    if (reg >= X86_REG_R8B && reg <= X86_REG_R15B)
        return reg - X86_REG_R8B;
    return -1;
}

uint8_t anchors_named(const cs_insn *insn) {
    const cs_x86 *x86 = &insn->detail->x86;
    uint8_t named = 0;
    for (int i = 0; i < x86->op_count; i++) {
        int r = x86->operands[i].type == X86_OP_REG ? extended_number(x86->operands[i].reg) : -1;
        if (r >= 0)
            named |= (uint8_t)(1u << r);
    }
    return named;
}

// movl %eX, %eY: the number of Y, whose upper half it clears; -1 for anything else.
static int truncated(const uint8_t *b, size_t size) {
    uint8_t rex = size == 3 && (b[0] & 0xf8) == 0x40 ? b[0] : 0;
    if (size != (rex ? 3 : 2))
        return -1;
    b += rex != 0;
    if (b[1] < 0xc0 || (b[0] != 0x89 && b[0] != 0x8b))
        return -1;
    return b[0] == 0x89 ? (b[1] & 7) | (rex & 1) << 3 : (b[1] >> 3 & 7) | (rex & 4) << 1;
}

static int number_64(x86_reg reg) {
    static const x86_reg low[] = {X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX, X86_REG_RSP, X86_REG_RBP, X86_REG_RSI, X86_REG_RDI};
    if (is_extended(reg))
        return extended_number(reg) + 8;
    for (int i = 0; i < 8; i++)
        if (reg == low[i])
            return i;
    return -1;
}

bool is_anchored_operand(const struct prefixes *p, const cs_x86_op *op) {
    return !p->segment && !p->address_32 && is_extended(op->mem.base) && op->mem.index != X86_REG_INVALID;
}

// (%R,%Y) directly behind movl %eX, %eY. Whether R is an anchor here, depth.c will tell.
enum bh_error anchored_operand(struct verification *v, const cs_x86_op *op, struct record *record) {
    const struct record *before = v->record_count ? &v->records[v->record_count - 1] : NULL;
    int index = number_64(op->mem.index);
    if (op->mem.disp || op->mem.scale != 1)
        return refuse_code(v, RULE_ANCHOR, record->offset, "a displacement or a scale");
    if (!before || index < 0 || truncated(v->text + (before->offset - v->text_start), before->size) != index)
        return refuse_code(v, RULE_ANCHOR, record->offset, "its index was not truncated to 32 bits just before");
    record->flags |= RECORD_INSIDE;
    record->needs = (uint8_t)(1u << extended_number(op->mem.base));
    return BH_OK;
}
