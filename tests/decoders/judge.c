// SPDX-License-Identifier: MIT
//
// The verifier's answer and the second decoder's view of the same bytes. Only what the verifier accepted is judged: there both must see
// the same instruction, and what the second decoder sees must be within the rules of docs/verified-code.md, stated here once more in its
// terms. So a mistake of the first decoder shows, and also one of the verifier in reading it.
#include <string.h>

#include "tests/decoders/decoders.h"

enum { STACK_POINTER = 4, STACK_BIT = 1 << STACK_POINTER, OPERAND_MAX = 16 };

struct exception {
    const char *name; // LLVM's
    enum check check;
};

#define EXCEPTION(name, check, reason) {#name, CHECK_##check},
#define ALIAS(first, second, reason)
static const struct exception exceptions[] = {
#include "tests/decoders/exceptions.def"
};
#undef EXCEPTION
#undef ALIAS

#define EXCEPTION(name, check, reason)
#define ALIAS(first, second, reason) {#first, #second},
static const char *const aliases[][2] = {
#include "tests/decoders/exceptions.def"
};
#undef EXCEPTION
#undef ALIAS

const char *check_sentence(enum check check) {
#define CHECK_SENTENCE(name, sentence) sentence,
    static const char *const sentences[] = {"no difference", CHECKS(CHECK_SENTENCE)};
    return sentences[check];
}

const char *check_name(enum check check) {
#define CHECK_STRING(name, sentence) #name,
    static const char *const names[] = {"NONE", CHECKS(CHECK_STRING)};
    return names[check];
}

static struct second_register capstone_register(unsigned reg) {
    static const uint16_t registers[][16] = {
        {X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX, X86_REG_RSP, X86_REG_RBP, X86_REG_RSI, X86_REG_RDI, X86_REG_R8, X86_REG_R9,
         X86_REG_R10, X86_REG_R11, X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15},
        {X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX, X86_REG_ESP, X86_REG_EBP, X86_REG_ESI, X86_REG_EDI, X86_REG_R8D, X86_REG_R9D,
         X86_REG_R10D, X86_REG_R11D, X86_REG_R12D, X86_REG_R13D, X86_REG_R14D, X86_REG_R15D},
        {X86_REG_AX, X86_REG_CX, X86_REG_DX, X86_REG_BX, X86_REG_SP, X86_REG_BP, X86_REG_SI, X86_REG_DI, X86_REG_R8W, X86_REG_R9W,
         X86_REG_R10W, X86_REG_R11W, X86_REG_R12W, X86_REG_R13W, X86_REG_R14W, X86_REG_R15W},
        {X86_REG_AL, X86_REG_CL, X86_REG_DL, X86_REG_BL, X86_REG_SPL, X86_REG_BPL, X86_REG_SIL, X86_REG_DIL, X86_REG_R8B, X86_REG_R9B,
         X86_REG_R10B, X86_REG_R11B, X86_REG_R12B, X86_REG_R13B, X86_REG_R14B, X86_REG_R15B},
        {X86_REG_AH, X86_REG_CH, X86_REG_DH, X86_REG_BH}};
    static const uint8_t widths[] = {8, 4, 2, 1, 1};
    if (reg == X86_REG_INVALID || reg == X86_REG_RIZ || reg == X86_REG_EIZ)
        return (struct second_register){0, 0};
    if (reg == X86_REG_RIP || reg == X86_REG_EIP)
        return (struct second_register){SECOND_IP, reg == X86_REG_RIP ? 8 : 4};
    for (uint8_t i = 0; i < sizeof(widths); i++)
        for (uint8_t number = 0; number < 16; number++)
            if (registers[i][number] == reg)
                return (struct second_register){number, widths[i]};
    return (struct second_register){SECOND_UNKNOWN, 0};
}

static bool same_register(struct second_register a, struct second_register b) {
    return a.width == b.width && (!a.width || a.number == b.number);
}

// General registers that are operands, one bit each, as the verifier's decoder has them.
static uint16_t registers_named(const cs_insn *insn) {
    uint16_t named = 0;
    for (int i = 0; i < insn->detail->x86.op_count; i++) {
        const cs_x86_op *op = &insn->detail->x86.operands[i];
        struct second_register reg = capstone_register(op->type == X86_OP_REG ? op->reg : X86_REG_INVALID);
        if (reg.width && reg.number < 16)
            named |= (uint16_t)(1u << reg.number);
    }
    return named;
}

static const cs_x86_op *memory_of(const cs_insn *insn) {
    for (int i = 0; i < insn->detail->x86.op_count; i++)
        if (insn->detail->x86.operands[i].type == X86_OP_MEM)
            return &insn->detail->x86.operands[i];
    return NULL;
}

static bool same_name(const struct answer *a, const struct second_view *s) {
    const char *name = a->insn->mnemonic;
    for (const char *space; (space = strchr(name, ' ')) && space[1];) // lock and rep are words of the mnemonic
        name = space + 1;
    size_t size = strcspn(name, " ");
    if (strlen(s->mnemonic) == size && !memcmp(name, s->mnemonic, size))
        return true;
    for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
        if (strlen(aliases[i][0]) == size && !memcmp(name, aliases[i][0], size) && !strcmp(s->mnemonic, aliases[i][1]))
            return true;
    return false;
}

static enum second_kind expected_kind(const struct answer *a, const struct second_view *s) {
    switch (a->record.kind) {
    case KIND_JUMP: return SECOND_JUMP;
    case KIND_BRANCH: return SECOND_BRANCH;
    case KIND_CALL: return SECOND_CALL;
    case KIND_RETURN: return SECOND_RETURN;
    case KIND_TRAP: return SECOND_TRAP;
    case KIND_PADDING: return SECOND_BREAKPOINT;
    case KIND_TABLE_JUMP:
    case KIND_INDIRECT_JUMP: return SECOND_INDIRECT_JUMP;
    case KIND_INDIRECT_CALL: return SECOND_INDIRECT_CALL;
    case KIND_STACK: return SECOND_PLAIN;
    case KIND_PLAIN: break;
    }
    return s->kind == SECOND_NOTHING || s->kind == SECOND_STRING ? s->kind : SECOND_PLAIN;
}

static enum check judge_control(const struct answer *a, const struct second_view *s) {
    if (!s->valid)
        return CHECK_VALID;
    if (s->size != a->record.size)
        return CHECK_LENGTH;
    if (!same_name(a, s))
        return CHECK_NAME;
    if (s->kind != expected_kind(a, s))
        return CHECK_CLASS;
    if (s->kind != SECOND_JUMP && s->kind != SECOND_BRANCH && s->kind != SECOND_CALL)
        return CHECK_NONE;
    // The verifier keeps targets that may be in an image, and takes 0 for all others.
    uint32_t target = s->target >= 0 && s->target < (int64_t)BH_SLOT_IMAGE_END ? (uint32_t)s->target : 0;
    return target == a->record.target ? CHECK_NONE : CHECK_TARGET;
}

// The bytes in front of the opcode, read here once more: each at most once, one segment, not f2 with f3, REX last; and each for a reason.
static enum check judge_prefixes(const struct answer *a, const struct second_view *s) {
    const uint8_t *b = a->insn->bytes;
    uint32_t seen[256] = {0};
    unsigned i = 0;
    if (s->kind == SECOND_NOTHING) // assemblers fill with repeated prefixes; nothing is touched
        return CHECK_NONE;
    for (; i < a->record.size && strchr("\x66\x67\xf0\xf2\xf3\x64\x65\x26\x2e\x36\x3e", b[i]) && b[i]; i++)
        seen[b[i]]++;
    for (unsigned byte = 0; byte < 256; byte++)
        if (seen[byte] > 1)
            return CHECK_PREFIX;
    if (seen[0x26] || seen[0x2e] || seen[0x36] || seen[0x3e] || (seen[0x64] && seen[0x65]) || (seen[0xf2] && seen[0xf3]))
        return CHECK_PREFIX;
    bool memory = s->form == SECOND_ADDRESS && s->touches;
    if ((seen[0x64] || seen[0x65] || seen[0xf0]) && !memory)
        return CHECK_PREFIX;
    if (seen[0x67] && s->form != SECOND_ADDRESS)
        return CHECK_PREFIX;
    if ((b[i] & 0xf0) == 0x40)
        i++;
    if (i && (s->kind != SECOND_PLAIN && s->kind != SECOND_STRING && !(s->kind == SECOND_INDIRECT_CALL || s->kind == SECOND_INDIRECT_JUMP)))
        return CHECK_PREFIX;
    bool two = b[i] == 0x0f;
    if (b[i] == 0x62 || b[i] == 0xc4 || b[i] == 0xc5 || b[i] == 0x8f || b[i] == 0xd5 || (b[i] & 0xf0) == 0x40 ||
        (two && (b[i + 1] == 0x38 || b[i + 1] == 0x3a || b[i + 1] == 0x0f)))
        return CHECK_ESCAPE;
    return CHECK_NONE;
}

// A 66 that is neither part of the opcode nor changes the size: without it the second decoder sees the same.
static enum check judge_operand_size(const struct answer *a, const struct second_view *s) {
    const uint8_t *b = a->insn->bytes, *prefix = memchr(b, 0x66, a->prefixes.count);
    if (!a->prefixes.operand_16 || !prefix || s->kind == SECOND_NOTHING)
        return CHECK_NONE;
    uint8_t rest[sizeof(a->insn->bytes)] = {0};
    struct second_view without;
    size_t front = (size_t)(prefix - b);
    memcpy(rest, b, front);
    memcpy(rest + front, prefix + 1, a->record.size - front - 1u);
    second_decode(rest, sizeof(rest), ask_address(), &without);
    return without.valid && !strcmp(without.name, s->name) ? CHECK_PREFIX : CHECK_NONE;
}

// Both see the same operand.
static enum check judge_same_operand(const struct answer *a, const struct second_view *s, const cs_x86_op *op) {
    if (s->segment != a->prefixes.segment)
        return CHECK_SEGMENT;
    if (!same_register(s->base, capstone_register(op->mem.base)))
        return CHECK_BASE;
    struct second_register index = capstone_register(op->mem.index);
    if (!same_register(s->index, index) || (index.width && s->scale != op->mem.scale))
        return CHECK_INDEX;
    int64_t difference = s->displacement ^ op->mem.disp;
    return (a->prefixes.address_32 ? (uint32_t)difference : (uint64_t)difference) ? CHECK_DISPLACEMENT : CHECK_NONE;
}

static enum check judge_frame(const struct answer *a, const struct second_view *s) {
    bool load = a->record.flags & RECORD_STACK_LOAD, store = a->record.flags & RECORD_STACK_STORE;
    if (s->segment || s->index.width || s->base.width != 8 || a->prefixes.lock || !(load || store))
        return CHECK_ADDRESS;
    if (a->record.displacement != s->displacement)
        return CHECK_DISPLACEMENT;
    if (!s->access || s->access > a->record.access || s->reaches)
        return CHECK_ACCESS;
    // What neither loads nor stores by its table, but has an operand, is taken for both.
    return !store && (s->stores || !s->loads) ? CHECK_STORE : CHECK_NONE;
}

// (%R,%Y) for the anchor that the verifier says it needs, directly behind an instruction that is movl to %Y and nothing else.
static enum check judge_anchored(const struct answer *a, const struct second_view *s) {
    struct second_view before;
    size_t size;
    uint32_t address;
    const uint8_t *bytes = ask_before(&size, &address);
    bool form = !s->segment && s->base.width == 8 && s->base.number >= 8 && s->base.number < 16 && s->index.width == 8 &&
                s->index.number < 16 && s->index.number != STACK_POINTER && s->scale == 1 && !s->displacement && !a->prefixes.address_32;
    if (!form || a->record.needs != 1u << (s->base.number - 8) || !(a->record.flags & RECORD_INSIDE))
        return CHECK_ANCHOR;
    second_decode(bytes, size, address, &before);
    bool truncates = before.valid && before.size == size && (!strcmp(before.name, "MOV32rr") || !strcmp(before.name, "MOV32rr_REV"));
    return truncates && before.written == 1u << s->index.number ? CHECK_NONE : CHECK_ANCHOR;
}

// One of the forms of docs/verified-code.md, as the second decoder sees it.
static enum check judge_form(const struct answer *a, const struct second_view *s) {
    if (a->record.needs)
        return s->access > OPERAND_MAX || s->reaches ? CHECK_ACCESS : judge_anchored(a, s);
    if (s->base.number == STACK_POINTER && s->base.width)
        return judge_frame(a, s);
    if (a->record.flags & (RECORD_STACK_LOAD | RECORD_STACK_STORE))
        return CHECK_ADDRESS;
    if (s->access > OPERAND_MAX || s->reaches)
        return CHECK_ACCESS;
    if (s->base.width && s->base.number == SECOND_IP) {
        int64_t target = (int64_t)ask_address() + s->size + s->displacement;
        bool inside = target >= (int64_t)BH_SLOT_IMAGE && target + OPERAND_MAX <= (int64_t)BH_SLOT_IMAGE_END;
        return inside && !s->segment && !s->index.width && s->base.width == 8 ? CHECK_NONE : CHECK_ADDRESS;
    }
    if (s->segment != (a->colour == BH_COLOUR_GS ? 0x65 : 0x64))
        return CHECK_SEGMENT;
    if (s->base.width || s->index.width) {
        bool narrow = (!s->base.width || s->base.width == 4) && (!s->index.width || s->index.width == 4);
        return narrow && s->base.number < 16 && s->index.number < 16 && s->index.number != STACK_POINTER ? CHECK_NONE : CHECK_ADDRESS;
    }
    return a->prefixes.address_32 || (s->displacement >= 0 && s->displacement <= INT32_MAX) ? CHECK_NONE : CHECK_ADDRESS;
}

// Through the table: a whole entry of it.
static enum check judge_table(const struct answer *a, const struct second_view *s) {
    bool entry = s->form == SECOND_ADDRESS && !s->base.width && !s->index.width && !a->prefixes.address_32 &&
                 s->segment == (a->colour == BH_COLOUR_GS ? 0x65 : 0x64) && s->displacement >= BH_TABLE_CALLS &&
                 s->displacement + 8 <= BH_TABLE_END && s->displacement % 8 == 0;
    return entry ? CHECK_NONE : CHECK_ADDRESS;
}

static enum check judge_memory(const struct answer *a, const struct second_view *s) {
    const cs_x86_op *op = memory_of(a->insn);
    bool frame = a->record.flags & (RECORD_STACK_LOAD | RECORD_STACK_STORE);
    if (s->kind == SECOND_INDIRECT_CALL || s->kind == SECOND_INDIRECT_JUMP)
        return judge_table(a, s);
    if (s->kind == SECOND_STRING || s->kind == SECOND_NOTHING)
        return frame ? CHECK_MEMORY : CHECK_NONE;
    if (s->form == SECOND_OTHER || !op != (s->form == SECOND_NO_MEMORY))
        return CHECK_MEMORY;
    if (!op) {
        bool may = a->record.kind == KIND_STACK || a->record.kind == KIND_CALL || a->record.kind == KIND_RETURN ||
                   s->kind == SECOND_TRAP || s->kind == SECOND_BREAKPOINT; // the stack, or whatever the kernel then does
        return frame ? CHECK_MEMORY : (s->loads || s->stores) && !may ? CHECK_IMPLICIT : CHECK_NONE;
    }
    enum check check = judge_same_operand(a, s, op);
    if (check || !s->touches)
        return check;
    return judge_form(a, s);
}

static enum check judge_stack(const struct answer *a, const struct second_view *s) {
    bool implicit = s->written_implicitly & STACK_BIT;
    if (a->record.kind == KIND_STACK)
        return s->moves_stack && s->stack_change == a->record.amount ? CHECK_NONE : CHECK_STACK;
    if (s->moves_stack || ((s->written | s->named) & STACK_BIT))
        return CHECK_STACK;
    bool transfers = a->record.kind == KIND_CALL || a->record.kind == KIND_INDIRECT_CALL || a->record.kind == KIND_RETURN;
    if (!s->touches && s->form == SECOND_ADDRESS && s->kind == SECOND_PLAIN && s->base.width && s->base.number == STACK_POINTER)
        return CHECK_STACK; // lea
    return implicit && !transfers ? CHECK_STACK : CHECK_NONE;
}

// What is written as an operand is one for the verifier's decoder too; which of r8 to r15 are written the verifier must know, however that
// is: they may be anchors, and are no longer.
static enum check judge_written(const struct answer *a, const struct second_view *s) {
    uint16_t high = (s->written | s->written_implicitly) >> 8;
    if (s->forbidden)
        return CHECK_FORBIDDEN;
    if ((high & ~a->record.kills) || (s->kind != SECOND_STRING && (s->written & ~registers_named(a->insn))))
        return CHECK_WRITTEN;
    return CHECK_NONE;
}

static bool is_excepted(const struct second_view *s, enum check check) {
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(*exceptions); i++)
        if (exceptions[i].check == check && !strcmp(exceptions[i].name, s->name))
            return true;
    return false;
}

enum check judge(const struct answer *answer, const struct second_view *view) {
    static enum check (*const checks[])(const struct answer *, const struct second_view *) = {
        judge_control, judge_prefixes, judge_operand_size, judge_memory, judge_stack, judge_written};
    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
        enum check check = checks[i](answer, view);
        if (check && !is_excepted(view, check))
            return check;
    }
    return CHECK_NONE;
}
