// SPDX-License-Identifier: MIT
//
// Between the files of the verifier.
#ifndef BH_VERIFY_INTERNAL_H
#define BH_VERIFY_INTERNAL_H

#include <capstone/capstone.h>
#include "kernel/abi/slot.h"
#include "kernel/verifier/verify.h"

// What the rules need to know of one instruction.
enum kind : uint8_t {
    KIND_PLAIN,
    KIND_JUMP,         // unconditional, direct; target
    KIND_BRANCH,       // conditional, direct; target
    KIND_CALL,         // direct; target
    KIND_RETURN,
    KIND_TRAP,         // ud2: control does not go on
    KIND_PADDING,      // int3: stands between functions, control never gets there
    KIND_INDIRECT_JUMP, // tail jump: end of a checked sequence, or through the table
    KIND_INDIRECT_CALL, // the end of a checked sequence, or through the table
    KIND_TABLE_JUMP,   // the end of a jump through a table; target, entries
    KIND_STACK,        // moves %rsp by `amount`
};

enum record_flags : uint8_t {
    RECORD_INSIDE = 1,     // no branch may land here: behind the first instruction of a checked sequence
    RECORD_FUNCTION = 2,   // a function starts here
    RECORD_STACK_LOAD = 4, // reads [displacement(%rsp), + access)
    RECORD_STACK_STORE = 8,
    RECORD_QUEUED = 16,    // depth.c still has to look at its successors
};

struct record {
    uint32_t offset; // slot offset
    uint8_t size;
    enum kind kind;
    enum record_flags flags;
    uint8_t access;       // bytes of the stack access
    union {
        uint32_t target;  // of a direct transfer; the table of KIND_TABLE_JUMP
        int32_t amount;   // of KIND_STACK: bytes by which the frame grows
    };
    union {
        int32_t displacement; // of the stack access
        uint32_t entries;     // of the table
    };
    int32_t depth;        // bytes below the return address in front of it; -1: not reached
    // Anchors, one bit for each of r8 to r15 (anchors.c).
    uint8_t anchors;      // hold the base in front of it, on every path
    uint8_t kills, sets;  // do so no longer, or newly, behind it
    uint8_t needs;        // must, for its memory operand
};

struct verification {
    const uint8_t *bytes;
    size_t size;
    enum bh_colour colour;
    struct verified_image *image;
    struct verify_report *report;
    const uint8_t *text; // text_start's byte
    uint32_t text_start, text_end;
    struct record *records;
    uint32_t record_count;
    uint32_t *index; // by byte of text: number of the record that starts there + 1, or 0
    uint32_t *hashes; // type labels that checks use
    uint32_t hash_count;
    uint64_t table_entries; // of all jumps through tables
    csh capstone;
};

// report.c: fill in the report and return BH_EVERIFY (BH_EIMAGE for the IMAGE rules).
enum bh_error refuse_code(struct verification *v, enum verify_rule rule, uint32_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// elf.c: headers, segments, notes, relocations, symbols
enum bh_error elf_parse(struct verification *v);
// The byte that a loaded image has at a slot offset: 0 where nothing is loaded.
uint8_t elf_byte(const struct verification *v, uint64_t address);
// functions.c: the function table, as sorted entries and labels
enum bh_error functions_read(struct verification *v);
enum bh_error functions_mark(struct verification *v);
// decode.c: every byte of text once, context-free rules
enum bh_error decode_text(struct verification *v);
// The instruction or fixed sequence at *address, whose bytes are at *code: adds its records, and moves the three behind it.
enum bh_error decode_one(struct verification *v, cs_insn *insn, const uint8_t **code, size_t *left, uint64_t *address);
struct prefixes {
    uint8_t count;    // bytes in front of the opcode
    uint8_t rex;      // 0: none
    uint8_t segment;  // 0x64, 0x65 or 0
    bool address_32, operand_16, lock, f2, f3, bad;
};
struct prefixes prefixes_parse(const uint8_t *code, size_t size);
// operands.c
enum bh_error operands_check(struct verification *v, const cs_insn *insn, const struct prefixes *prefixes, struct record *record);
// anchors.c
// Bytes of the sequence that makes a register an anchor, which is named in `anchor`; 0: none starts here
uint32_t anchor_at(const struct verification *v, uint32_t offset, uint8_t *anchor);
// The registers of r8 to r15, of any width, that are operands themselves: as a set of bits
uint8_t anchors_named(const cs_insn *insn);
bool is_anchored_operand(const struct prefixes *prefixes, const cs_x86_op *op);
enum bh_error anchored_operand(struct verification *v, const cs_x86_op *op, struct record *record);
// branches.c: the sequences of indirect branches, string sequences; then the labels in the whole text
struct indirect { // branch
    uint32_t size;  // bytes; 0: no indirect branch starts here
    uint32_t label; // that it asks for; 0: it goes through the table
    bool hardened;
};
struct indirect sequence_at(struct verification *v, uint32_t offset);
bool string_sequence_before(const struct verification *v, uint32_t index, bool moves, uint32_t *first);
enum bh_error labels_check(struct verification *v);
// tables.c: jumps through tables
struct table_jump {
    int64_t table; // slot offset; anything
    uint64_t entries;
};
// Bytes of the sequence; 0: none starts here
uint32_t table_jump_at(const struct verification *v, uint32_t offset, struct table_jump *jump);
// Is the table whole in memory that is never writable?
enum bh_error table_check(struct verification *v, uint32_t offset, const struct table_jump *jump);
// Where an entry of a table that passed the check leads; 0: out of the text
uint32_t table_target(const struct verification *v, uint32_t table, uint32_t entry);
// depth.c: abstract interpretation of %rsp and of anchors, branch targets
enum bh_error depth_check(struct verification *v);

// verify.c: number of the last function that does not start above `offset`, -1 when there is none; the table is sorted
int64_t functions_find(const struct verified_image *image, uint64_t offset);

// verify.c: a place to wait
void pause_now(void);

static inline uint32_t record_at(const struct verification *v, uint32_t offset) {
    return offset >= v->text_start && offset < v->text_end ? v->index[offset - v->text_start] : 0;
}

#endif
