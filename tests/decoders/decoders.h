// SPDX-License-Identifier: MIT
//
// The verifier's decoder against a second one: what the parts of the test tell each other.
//
//   encodings.c  all encodings --> ask.c: the verifier's answer --> judge.c: compared with second.cpp's view of the same bytes
#ifndef BH_TESTS_DECODERS_H
#define BH_TESTS_DECODERS_H

#include "kernel/verifier/internal.h"
#include "tests/decoders/second.h"

enum { ENCODING_MAX = 32 }; // bytes: prefixes that are too many, an instruction, a tail

struct encoding {
    uint8_t bytes[ENCODING_MAX]; // always full: what is not the instruction is its tail
    uint8_t size;                // used so far, while it is put together
};

// The verifier's answer on one instruction.
struct answer {
    bool accepted;
    enum verify_rule rule;  // that refused it
    struct record record;
    const cs_insn *insn;    // as the verifier's decoder had it, until the next question
    struct prefixes prefixes;
    enum bh_colour colour;
};

// ask.c. The verifier's own code (decode_one), on a text that consists of what stands in front, and one instruction.
enum { TEXT_ADDRESS = 0x8000000 };
bool ask_open(void);
void ask_close(void);
// What stands in front from now on. False: the verifier refuses it, and nothing may be asked.
bool ask_behind(const uint8_t *front, size_t size, enum bh_colour colour);
// The same with %rsi and %rdi brought into the slot, behind which string instructions may stand.
bool ask_behind_strings(enum bh_colour colour);
void ask(const uint8_t *bytes, size_t size, struct answer *answer);
// A text that may hold fixed sequences: decoded whole. The records, and how many; 0 when it was refused.
uint32_t ask_text(const uint8_t *bytes, size_t size, enum bh_colour colour, const struct record **records);
uint32_t ask_address(void); // of the instruction that was asked about last
const uint8_t *ask_before(size_t *size, uint32_t *address); // the instruction in front of it

// judge.c: each way in which the two may differ.
#define CHECKS(X)                                                                                                                     \
    X(VALID, "the second decoder knows no such instruction")                                                                          \
    X(LENGTH, "the lengths differ")                                                                                                   \
    X(NAME, "they are instructions of different names")                                                                               \
    X(CLASS, "the class of control flow differs")                                                                                     \
    X(TARGET, "the branch targets differ")                                                                                            \
    X(PREFIX, "a prefix that is repeated, in conflict, out of place or without effect")                                               \
    X(ESCAPE, "an opcode map or escape byte that must be refused")                                                                    \
    X(MEMORY, "one sees a memory operand, the other none, or one of another form")                                                    \
    X(SEGMENT, "the segments differ, or it is not the slot's")                                                                        \
    X(BASE, "the base registers differ")                                                                                              \
    X(INDEX, "the index registers or scales differ")                                                                                  \
    X(DISPLACEMENT, "the displacements differ")                                                                                       \
    X(ADDRESS, "the operand is of none of the allowed forms")                                                                         \
    X(ACCESS, "more bytes are touched than the verifier thinks, or an unknown number")                                                \
    X(ANCHOR, "an operand behind an anchor, which is none or whose index has not just been truncated")                                \
    X(STORE, "memory in the frame is written, the verifier thinks that it is read")                                                   \
    X(IMPLICIT, "memory is touched without an operand")                                                                               \
    X(STACK, "%rsp is an operand, or moves otherwise than the verifier thinks")                                                       \
    X(WRITTEN, "a register is written that is not among the verifier's operands")                                                     \
    X(FORBIDDEN, "a register is written that no domain may write")

#define CHECK_NAME(name, sentence) CHECK_##name,
enum check { CHECK_NONE, CHECKS(CHECK_NAME) CHECK_COUNT };
#undef CHECK_NAME

// CHECK_NONE when both agree, or when the difference is one of exceptions.def.
enum check judge(const struct answer *answer, const struct second_view *view);
const char *check_sentence(enum check check);
const char *check_name(enum check check);

// faults.c: lies of the second decoder, to show that the test can fail.
#define LIES(X)                                                                                                                       \
    X(LENGTH, LENGTH) X(INVALID, VALID) X(NAME, NAME) X(CLASS, CLASS) X(TARGET, TARGET) X(OPERAND, MEMORY) X(SEGMENT, SEGMENT) X(BASE, BASE)        \
    X(WIDTH, BASE) X(INDEX, INDEX) X(SCALE, INDEX) X(DISPLACEMENT, DISPLACEMENT) X(ACCESS, ACCESS) X(STORE, STORE) X(IMPLICIT, IMPLICIT) \
    X(STACK, STACK) X(POP, STACK) X(WRITTEN, WRITTEN) X(FORBIDDEN, FORBIDDEN)
#define LIE_NAME(name, check) LIE_##name,
enum lie { LIE_NONE, LIES(LIE_NAME) LIE_COUNT };
#undef LIE_NAME
void lie_about(enum lie lie, struct second_view *view);
const char *lie_name(enum lie lie);
enum check lie_check(enum lie lie); // the check that must notice it

// encodings.c: what to try, and how much of it.
struct plan {
    uint64_t seed;
    uint32_t tails;          // random tails for each encoding that has been accepted once
    bool full;               // everything with everything, else what is refused for all of a sample is left
    uint32_t part, parts;    // of the opcodes: those whose number is `part` modulo `parts`
    enum lie lie;
    bool quiet;              // disagreements are counted and not shown
    bool skip;               // another test program is meant
    enum verify_rule ignored; // as if the verifier had not this rule; RULE_NONE: it has all
};

enum { RULE_COUNT_MAX = 64 };
struct tally {
    uint64_t tried, accepted, disagreements, by_rule[RULE_COUNT_MAX], by_check[CHECK_COUNT];
    uint32_t shown;
};
extern struct tally tally;
extern struct plan plan;

// report.c
const char *rule_name(enum verify_rule rule);
// One encoding tried, judged and counted. True: accepted.
bool try_encoding(const struct encoding *encoding);
// Instructions of the verifier's list that were accepted at least once, and how many it has.
void listed_met(uint32_t *met, uint32_t *listed, bool show);

// The parts of the test.
void some_opcodes(void); // few, of all classes: for faults that must be noticed
void every_opcode(enum bh_colour colour);
void every_order_of_prefixes(void);
void every_sib(void);
void stack_moves(void);
void anchored_operands(void);
void truncations(void);
void escapes(void);
void fillers(void);
void table_calls(void);
uint32_t fixed_sequences(void); // sequences whose boundaries were compared
// tables.c: jumps through tables that both see alike, of those tried; and whether a lie is noticed there
uint32_t table_jumps(uint32_t *tried);
bool table_jump_lie(enum lie lie);

#endif
