// SPDX-License-Identifier: MIT
//
// A test that runs what the verifier accepts: small images made of all kinds of instructions, with registers full of pointers to where
// a domain must never reach, one instruction at a time.
//
//   candidate bytes --builder--> image --verify_image()--> accepted --sandbox_load/run--> outcome
//
// The sandbox is a real slot at BH_SLOT_AREA, and a control stack; whatever else the registers point to is unmapped, so that an
// access outside, a read as well as a write, is a fault at an address outside. tests/fuzz/execution.c uses it too.
#ifndef CONTAINMENT_H
#define CONTAINMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/slot.h"
#include "kernel/verifier/verify.h"

#define TEXT_START 0x21000u
#define TEXT_MAX 0x4000u
#define DATA_START 0x30000u
#define DATA_SIZE 0x10000u
#define FUNCTIONS_MAX 64

// An image under construction; text grows, functions are noted.
struct builder {
    uint8_t text[TEXT_MAX];
    uint32_t text_size;
    uint32_t functions[FUNCTIONS_MAX]; // distances from the start of the text
    uint32_t function_count;
};

// builder.c
void builder_reset(struct builder *b);
void builder_bytes(struct builder *b, const void *bytes, size_t size);
void builder_function(struct builder *b, uint32_t label); // aligns; label 0: none
// The finished file in a buffer of the builder's own, valid until the next call; *size gets its length.
const uint8_t *builder_image(const struct builder *b, size_t *size);

// In the order in which enter.S loads them.
struct registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vectors[8][2];
};

enum result {
    RESULT_RETURNED, // by its own return, with the stack as it was
    RESULT_FAULT,    // at an address of the slot, or of the control stack's guard
    RESULT_LONG,     // for too long
    RESULT_ESCAPED,  // what must not be: `why` tells
};

struct outcome {
    enum result result;
    uint64_t rip;     // where it ended
    uint32_t steps;
    char why[160];
};

// sandbox.c
bool sandbox_open(void); // false: this process has no room at the slots' addresses
// Map a verified image of this colour, and reset all memory of the slot. False: not in that colour on this machine.
bool sandbox_load(const struct verified_image *image, enum bh_colour colour);
// boundaries: by byte of text, whether an instruction starts there. steps: so many instructions one by one, then at full speed.
struct outcome sandbox_run(uint32_t entry, const struct registers *in, const bool *boundaries, uint32_t steps);
// place.c: make the host's memory read-only while nothing but sandbox_run() is called, and writable again.
void sandbox_protect(bool on);

// enter.S
void sandbox_enter(const struct registers *in, uint64_t entry, uint64_t stack, uint64_t flags);
void sandbox_exit(void);
void sandbox_call(void); // what every entry of the table calls
extern const char sandbox_call_end[];
extern uint64_t sandbox_left_stack, sandbox_left_flags, sandbox_left_fs; // at the return
extern uint64_t sandbox_fs, sandbox_host_fs; // base of %fs inside and outside
extern uint64_t sandbox_calls;               // of the table, ever
extern struct registers sandbox_clobber;     // with which they return
extern bool sandbox_switches;                // %fs has another base inside

// random.c: repeatable
void random_seed(uint64_t seed);
uint64_t random_word(void);
uint32_t random_below(uint32_t limit);
uint64_t random_pointer(void); // what an attacker would put into a register
struct registers random_registers(void);
// Pointers go to the data and the functions of this image from now on.
void random_targets(const struct verified_image *image);

#endif
