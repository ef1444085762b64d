// SPDX-License-Identifier: MIT
//
// One pass over the text: every byte belongs to exactly one instruction, each instruction is on the list, its prefixes are
// the ones that it needs, its operands are of the allowed forms. What depends on context is left to depth.c and branches.c.
#include <stdlib.h>
#include <string.h>

#include "kernel/verifier/internal.h"

#define P66 1
#define PF2 2
#define PF3 4
#define LOCKED 8
#define ALLOWED 16
#define NEEDED 32
#define MOVQ_STORE 0xd6 // 66 0f d6: unlike the other encodings of movq it exists with its prefix only

#define ALLOW(id, prefixes) [X86_INS_##id] = ALLOWED | (prefixes),
static const uint8_t allowed[X86_INS_ENDING] = {
#include "kernel/verifier/allow.def"
};
#undef ALLOW

struct prefixes prefixes_parse(const uint8_t *code, size_t size) {
    struct prefixes p = {0};
    size_t i = 0;
    for (; i < size; i++) {
        bool *seen, of_opcode = p.operand_16 || p.f2 || p.f3;
        // Decoders overlook a prefix that is part of the opcode when one for the address stands between. Assemblers put those in front.
        p.bad |= of_opcode && (code[i] == 0x67 || (code[i] & 0xfe) == 0x64);
        switch (code[i]) {
        case 0x66: seen = &p.operand_16; break;
        case 0x67: seen = &p.address_32; break;
        case 0xf0: seen = &p.lock; break;
        case 0xf2: seen = &p.f2; break;
        case 0xf3: seen = &p.f3; break;
        case 0x64:
        case 0x65:
            p.bad |= p.segment != 0;
            p.segment = code[i];
            continue;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
            p.bad = true;
            continue;
        default:
            goto rex;
        }
        p.bad |= *seen;
        *seen = true;
    }
rex:
    if (i < size && (code[i] & 0xf0) == 0x40) {
        p.rex = code[i++];
        // REX counts only directly in front of the opcode.
        if (i < size && (code[i] == 0x66 || code[i] == 0x67 || code[i] == 0xf0 || (code[i] & 0xfe) == 0xf2 ||
                         (code[i] & 0xfe) == 0x64 || (code[i] & 0xe7) == 0x26 || (code[i] & 0xf0) == 0x40))
            p.bad = true;
    }
    p.bad |= p.f2 && p.f3;
    p.count = (uint8_t)i;
    return p;
}

// The fillers that assemblers use: any number of 66, one 2e, then 90 or 0f 1f /0. They touch nothing.
static bool is_filler(const uint8_t *code, size_t size) {
    size_t i = 0;
    while (i < size && code[i] == 0x66)
        i++;
    if (i < size && code[i] == 0x2e)
        i++;
    if (i + 1 == size && code[i] == 0x90)
        return true;
    return i + 3 <= size && code[i] == 0x0f && code[i + 1] == 0x1f && (code[i + 2] & 0x38) == 0;
}

// REX.W overrules 66 as operand size, and operations on bytes do not look at it.
static bool operand_size_is_void(const uint8_t *opcode, uint8_t rex) {
    uint8_t byte = opcode[0] == 0x0f ? opcode[1] : opcode[0];
    if (opcode[0] == 0x0f) {
        bool integer = (byte & 0xf0) == 0x40 || (byte >= 0xa0 && byte <= 0xc1); // in the rest of the map 66 is part of the opcode
        return byte == 0xb0 || byte == 0xc0 || (integer && (rex & 8));
    }
    bool even = !(byte & 1) && (byte < 0x40 || (byte >= 0x80 && byte <= 0x8a) || byte == 0xa8 || byte >= 0xc0);
    return (rex & 8) || even || (byte & 0xf8) == 0xb0;
}

// Prefixes against the opcode's own needs.
static bool prefixes_fit(const cs_insn *insn, const struct prefixes *p, uint8_t allow) {
    const uint8_t *opcode = insn->bytes + p->count;
    bool two_byte = opcode[0] == 0x0f;
    // Capstone 4 takes 67 with REX.W for the 66 that is part of an opcode.
    bool any = p->operand_16 || p->f2 || p->f3;
    if (!any && ((allow & NEEDED) || (two_byte && opcode[1] == MOVQ_STORE)))
        return false;
    if (p->bad || (p->operand_16 && !(allow & P66)) || (p->f2 && !(allow & PF2)) || (p->f3 && !(allow & PF3)))
        return false;
    // In the one-byte map F2 and F3 mean nothing but string instructions (dealt with elsewhere) and pause.
    if (!two_byte && (p->f2 || (p->f3 && opcode[0] != 0x90)))
        return false;
    if (p->operand_16 && (p->f2 || p->f3) && insn->id != X86_INS_TZCNT)
        return false;
    if (p->operand_16 && operand_size_is_void(opcode, p->rex))
        return false;
    if (opcode[0] == 0x62 || opcode[0] == 0xc4 || opcode[0] == 0xc5 || opcode[0] == 0x8f)
        return false;
    if (two_byte && (opcode[1] == 0x38 || opcode[1] == 0x3a || opcode[1] == 0x0f))
        return false;
    return !p->lock || (allow & LOCKED);
}

static enum bh_error direct(struct verification *v, const cs_insn *insn, const struct prefixes *p, struct record *record,
                            enum kind kind) {
    const cs_x86 *x86 = &insn->detail->x86;
    if (x86->op_count != 1 || x86->operands[0].type != X86_OP_IMM)
        return refuse_code(v, RULE_INDIRECT, record->offset, "not part of a checked sequence");
    if (p->count) // 66 means different things to different makers here; hints and REX mean nothing
        return refuse_code(v, RULE_PREFIX, record->offset, "a prefix in front of a branch");
    record->kind = kind;
    uint64_t target = (uint64_t)x86->operands[0].imm;
    record->target = target < BH_SLOT_IMAGE_END ? (uint32_t)target : 0;
    return BH_OK;
}

// call or jmp through an entry of the table: ff /2 or /4, %gs:disp32.
static bool table_call(const struct verification *v, const cs_insn *insn, bool *good) {
    const uint8_t *b = insn->bytes;
    uint32_t disp;
    uint8_t segment = v->colour == BH_COLOUR_GS ? 0x65 : 0x64;
    if (insn->size < 2 || !((b[0] & 0xfe) == 0x64 || b[0] == 0xff || b[0] == 0x67))
        return false;
    if (insn->size != 8 || b[1] != 0xff || (b[2] != 0x14 && b[2] != 0x24) || b[3] != 0x25)
        return false;
    memcpy(&disp, b + 4, sizeof(disp));
    *good = b[0] == segment && disp >= BH_TABLE_CALLS && disp < BH_TABLE_END && disp % 8 == 0;
    return true;
}

static bool is_conditional(const struct verification *v, const cs_insn *insn) {
    return insn->id != X86_INS_JMP && cs_insn_group(v->capstone, insn, X86_GRP_JUMP);
}

// The conditional jumps; not loop and jrcxz, which LLVM never needs.
static bool is_plain_condition(const cs_insn *insn, const struct prefixes *p) {
    const uint8_t *b = insn->bytes + p->count;
    return (b[0] & 0xf0) == 0x70 || (insn->size >= p->count + 2 && b[0] == 0x0f && (b[1] & 0xf0) == 0x80);
}

static enum bh_error transfer(struct verification *v, const cs_insn *insn, const struct prefixes *p, struct record *record) {
    bool good = false;
    if (insn->id == X86_INS_RET) {
        if (insn->size != 1)
            return refuse_code(v, RULE_INSTRUCTION, record->offset, "only the plain return is allowed");
        record->kind = KIND_RETURN;
        return BH_OK;
    }
    if (insn->id == X86_INS_CALL || insn->id == X86_INS_JMP) {
        if (table_call(v, insn, &good)) {
            record->kind = insn->id == X86_INS_CALL ? KIND_INDIRECT_CALL : KIND_INDIRECT_JUMP;
            if (!good)
                return refuse_code(v, RULE_TABLE_CALL, record->offset, "not an entry of the table");
            return v->image->hardened ? refuse_code(v, RULE_HARDENED, record->offset, "through the table without a guard") : BH_OK;
        }
        return direct(v, insn, p, record, insn->id == X86_INS_CALL ? KIND_CALL : KIND_JUMP);
    }
    if (!is_plain_condition(insn, p))
        return refuse_code(v, RULE_INSTRUCTION, record->offset, "not on the list");
    return direct(v, insn, p, record, KIND_BRANCH);
}

// lea disp(%rsp), %rsp: what the compiler uses where add would spoil the flags.
static bool is_stack_lea(const cs_insn *insn, const struct prefixes *p, int64_t *grows) {
    const uint8_t *b = insn->bytes + p->count;
    if (insn->id != X86_INS_LEA || p->rex != 0x48 || (b[1] & 0x3f) != 0x24 || !(b[1] >> 6 == 1 || b[1] >> 6 == 2) || b[2] != 0x24)
        return false;
    *grows = -insn->detail->x86.operands[1].mem.disp;
    return true;
}

// push, pop, add, sub and lea of %rsp: the only things that move it.
static enum bh_error stack_instruction(struct verification *v, const cs_insn *insn, const struct prefixes *p,
                                       struct record *record, bool *handled) {
    const cs_x86 *x86 = &insn->detail->x86;
    const uint8_t *b = insn->bytes + p->count;
    *handled = true;
    record->kind = KIND_STACK;
    bool plain = !p->bad && !p->segment && !p->address_32 && !p->operand_16 && !p->lock && !p->f2 && !p->f3;
    if (insn->id == X86_INS_PUSH || insn->id == X86_INS_POP) {
        bool push = insn->id == X86_INS_PUSH;
        bool reg = (b[0] & 0xf8) == (push ? 0x50 : 0x58);
        bool imm = push && (b[0] == 0x68 || b[0] == 0x6a) && !p->rex;
        bool rex_good = !p->rex || p->rex == 0x41;
        if (!plain || !(reg || imm) || !rex_good || (reg && x86->operands[0].reg == X86_REG_RSP))
            return refuse_code(v, RULE_STACK_POINTER, record->offset, "push and pop take a register other than %%rsp, or push an immediate");
        record->amount = push ? 8 : -8;
        return BH_OK;
    }
    if ((insn->id == X86_INS_ADD || insn->id == X86_INS_SUB) && plain && p->rex == 0x48 && (b[0] == 0x81 || b[0] == 0x83) &&
        (b[1] == 0xc4 || b[1] == 0xec)) {
        int64_t amount = x86->operands[1].imm;
        if (amount < 0 || amount > BH_FRAME_MAX || amount % 4)
            return refuse_code(v, RULE_FRAME_DEPTH, record->offset, "%lld bytes at once", (long long)amount);
        record->amount = (int32_t)(b[1] == 0xec ? amount : -amount);
        return BH_OK;
    }
    int64_t grows;
    if (plain && is_stack_lea(insn, p, &grows)) {
        if (grows < -BH_FRAME_MAX || grows > BH_FRAME_MAX || grows % 4)
            return refuse_code(v, RULE_FRAME_DEPTH, record->offset, "%lld bytes at once", (long long)grows);
        record->amount = (int32_t)grows;
        return BH_OK;
    }
    record->kind = KIND_PLAIN;
    *handled = false;
    return BH_OK;
}

// The three instructions that reach the data stack pointer. Returns their size, 0 when they do not stand here.
static uint32_t stack_word_at(const struct verification *v, uint32_t offset) {
    const uint8_t *b = v->text + (offset - v->text_start);
    size_t left = v->text_end - offset;
    static const uint8_t mask[] = {0x00, 0x00, 0xff, 0xff};
    // 48/49 89 e0+R: movq %rsp, %R
    if (left < 13 || (b[0] & 0xfe) != 0x48 || b[1] != 0x89 || (b[2] & 0xf8) != 0xe0)
        return 0;
    unsigned r = (b[2] & 7u) | (b[0] & 1u) << 3;
    const uint8_t *a = b + 3;
    size_t and_size;
    if ((a[0] & 0xfe) == 0x48 && (a[0] & 1u) == r >> 3 && a[1] == 0x81 && a[2] == (0xe0 | (r & 7)) && !memcmp(a + 3, mask, 4))
        and_size = 7; // 48/49 81 /4 imm32
    else if (r == 0 && a[0] == 0x48 && a[1] == 0x25 && !memcmp(a + 2, mask, 4))
        and_size = 6; // 48 25 imm32: %rax has a shorter form
    else
        return 0;
    // movq (%R), %D or movq %D, (%R): REX.W 8b/89 with ModRM, a SIB byte for r12, a zero displacement for r13 and rbp.
    const uint8_t *m = a + and_size;
    size_t rest = left - 3 - and_size;
    if (rest < 3 || (m[0] & 0xfa) != 0x48 || (m[0] & 1u) != r >> 3 || (m[1] != 0x8b && m[1] != 0x89))
        return 0;
    unsigned d = (m[2] >> 3 & 7u) | (m[0] & 4u) << 1;
    size_t size = 3;
    if (r == 4 || d == 4) // %rsp is neither
        return 0;
    if ((r & 7) == 4) {
        if (rest < 4 || (m[2] & 0xc7) != 0x04 || m[3] != 0x24)
            return 0;
        size = 4;
    } else if ((r & 7) == 5) {
        if (rest < 4 || (m[2] & 0xc7) != 0x45 || m[3] != 0)
            return 0;
        size = 4;
    } else if ((m[2] & 0xc7) != (r & 7)) {
        return 0;
    }
    return (uint32_t)(3 + and_size + size);
}

// movq %rsp, %R: the start of the idiom, and allowed nowhere else.
static bool is_stack_copy(const uint8_t *b, size_t size) {
    return size == 3 && (b[0] & 0xfe) == 0x48 && b[1] == 0x89 && (b[2] & 0xf8) == 0xe0 && !(b[0] == 0x48 && b[2] == 0xe4);
}

static bool is_string(const cs_insn *insn, const struct prefixes *p) {
    uint8_t opcode = insn->bytes[p->count];
    return (opcode & 0xfe) == 0xa4 || (opcode & 0xfe) == 0xaa;
}

static enum bh_error string_instruction(struct verification *v, const cs_insn *insn, const struct prefixes *p,
                                        struct record *record) {
    uint32_t first;
    uint8_t opcode = insn->bytes[p->count];
    bool moves = (opcode & 0xfe) == 0xa4, single_bytes = !(opcode & 1);
    if (p->bad || p->segment || p->address_32 || p->lock || p->f2 || (p->operand_16 && (p->rex || single_bytes)) || (p->rex & 7))
        return refuse_code(v, RULE_PREFIX, record->offset, "in front of a string instruction");
    if (p->f3 && p->operand_16 && insn->bytes[0] == 0x66) // the decoder overlooks it there
        return refuse_code(v, RULE_PREFIX, record->offset, "the operand size in front of the repetition");
    if (!string_sequence_before(v, v->record_count, moves, &first))
        return refuse_code(v, RULE_STRING, record->offset, "its registers were not brought into the slot just before");
    for (uint32_t i = first + 1; i <= v->record_count; i++)
        v->records[i].flags |= RECORD_INSIDE;
    return BH_OK;
}

// Second encodings of other instructions that the makers' books leave out: one decoder knows them and another does not. (That of shl has
// a name of its own here, sal, which is not on the list.)
static bool is_undocumented(const uint8_t *code) {
    uint8_t field = code[1] >> 3 & 7;
    bool reg = code[1] >= 0xc0;
    switch (code[0]) {
    case 0xf6: case 0xf7: return field == 1;
    case 0xdc: return reg && (field == 2 || field == 3);
    case 0xdd: return reg && field == 1;
    case 0xde: return reg && field == 2;
    case 0xdf: return reg && field >= 1 && field <= 3;
    default: return false;
    }
}

static enum bh_error plain_instruction(struct verification *v, const cs_insn *insn, const struct prefixes *p,
                                       struct record *record) {
    uint8_t allow = insn->id < X86_INS_ENDING ? allowed[insn->id] : 0;
    if (!allow || is_undocumented(insn->bytes + p->count))
        return refuse_code(v, RULE_INSTRUCTION, record->offset, "not on the list");
    if (!prefixes_fit(insn, p, allow))
        return refuse_code(v, RULE_PREFIX, record->offset, "prefixes do not fit the instruction");
    return operands_check(v, insn, p, record);
}

static enum bh_error classify(struct verification *v, const cs_insn *insn, struct record *record) {
    bool handled;
    if (is_filler(insn->bytes, insn->size))
        return BH_OK;
    struct prefixes p = prefixes_parse(insn->bytes, insn->size);
    if (insn->id == X86_INS_UD2 || insn->id == X86_INS_INT3) {
        if (p.count) // decoders differ in how many of them they take
            return refuse_code(v, RULE_PREFIX, record->offset, "in front of a trap");
        record->kind = insn->id == X86_INS_UD2 ? KIND_TRAP : KIND_PADDING;
        return BH_OK;
    }
    if (is_stack_copy(insn->bytes, insn->size))
        return refuse_code(v, RULE_STACK_WORD, record->offset, "%%rsp is copied, and the other two instructions do not follow");
    if (insn->id == X86_INS_RET || insn->id == X86_INS_CALL || insn->id == X86_INS_JMP || is_conditional(v, insn))
        return transfer(v, insn, &p, record);
    if (is_string(insn, &p))
        return string_instruction(v, insn, &p, record);
    enum bh_error error = stack_instruction(v, insn, &p, record, &handled);
    return error || handled ? error : plain_instruction(v, insn, &p, record);
}

static void mark(struct verification *v, uint32_t offset, const cs_insn *insn, enum record_flags flags) {
    struct record *record = &v->records[v->record_count++];
    *record = (struct record){.offset = offset, .size = (uint8_t)insn->size, .flags = flags, .depth = -1, .kills = anchors_named(insn)};
    v->index[offset - v->text_start] = v->record_count;
}

// Instructions of a fixed sequence are decoded for their boundaries alone; what they do is known.
static enum bh_error decode_fixed(struct verification *v, cs_insn *insn, const uint8_t **code, size_t *left, uint64_t *address,
                                  uint32_t size) {
    uint32_t start = (uint32_t)*address;
    while ((uint32_t)*address < start + size) {
        uint32_t offset = (uint32_t)*address;
        if (!cs_disasm_iter(v->capstone, code, left, address, insn))
            return refuse_code(v, RULE_DECODE, offset, "inside a checked sequence");
        mark(v, offset, insn, offset == start ? 0 : RECORD_INSIDE);
    }
    // Branches in front of the last instruction stay inside the sequence.
    if (insn->id == X86_INS_CALL)
        v->records[v->record_count - 1].kind = KIND_INDIRECT_CALL;
    else if (insn->id == X86_INS_JMP || insn->id == X86_INS_RET)
        v->records[v->record_count - 1].kind = KIND_INDIRECT_JUMP;
    return BH_OK;
}

static enum bh_error decode_table_jump(struct verification *v, cs_insn *insn, const uint8_t **code, size_t *left, uint64_t *address,
                                       uint32_t size, const struct table_jump *jump) {
    enum bh_error error = table_check(v, (uint32_t)*address, jump);
    if (!error)
        error = decode_fixed(v, insn, code, left, address, size);
    if (error)
        return error;
    struct record *last = &v->records[v->record_count - 1];
    last->kind = KIND_TABLE_JUMP;
    last->target = (uint32_t)jump->table;
    last->entries = (uint32_t)jump->entries;
    return BH_OK;
}

enum bh_error decode_one(struct verification *v, cs_insn *insn, const uint8_t **code, size_t *left, uint64_t *address) {
    uint32_t offset = (uint32_t)*address;
    struct indirect sequence = sequence_at(v, offset);
    uint32_t fixed = sequence.size;
    if (fixed && v->image->hardened && !sequence.hardened)
        return refuse_code(v, RULE_HARDENED, offset, "the check of a call or jump without mask and guard");
    if (!fixed)
        fixed = stack_word_at(v, offset);
    struct table_jump jump;
    uint32_t table_jump = fixed ? 0 : table_jump_at(v, offset, &jump);
    if (table_jump)
        return decode_table_jump(v, insn, code, left, address, table_jump, &jump);
    uint8_t anchor = 0;
    if (!fixed)
        fixed = anchor_at(v, offset, &anchor);
    if (fixed) {
        enum bh_error failed = decode_fixed(v, insn, code, left, address, fixed);
        if (!failed)
            v->records[v->record_count - 1].sets = anchor;
        return failed;
    }
    if (!cs_disasm_iter(v->capstone, code, left, address, insn))
        return refuse_code(v, RULE_DECODE, offset, "byte 0x%02x", v->text[offset - v->text_start]);
    struct record *record = &v->records[v->record_count];
    *record = (struct record){.offset = offset, .size = (uint8_t)insn->size, .depth = -1, .kills = anchors_named(insn)};
    enum bh_error error = classify(v, insn, record);
    if (error)
        return error;
    v->index[offset - v->text_start] = ++v->record_count;
    return BH_OK;
}

enum bh_error decode_text(struct verification *v) {
    size_t left = v->text_end - v->text_start;
    uint64_t address = v->text_start;
    const uint8_t *code = v->text;
    v->records = malloc(left * sizeof(*v->records));
    v->index = calloc(left, sizeof(*v->index));
    cs_insn *insn = cs_malloc(v->capstone);
    if (!v->records || !v->index || !insn)
        return BH_ENOMEM;
    enum bh_error error = BH_OK;
    while (left && !error) {
        pause_now();
        error = decode_one(v, insn, &code, &left, &address);
    }
    cs_free(insn, 1);
    v->image->instruction_count = v->record_count;
    return error;
}
