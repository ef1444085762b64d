// SPDX-License-Identifier: MIT
//
// The second decoder: LLVM's view of one instruction, in terms in which it can be compared with the verifier's. It knows nothing of
// the verifier and of capstone. Not for several threads.
#ifndef BH_TESTS_SECOND_H
#define BH_TESTS_SECOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum second_kind {
    SECOND_PLAIN,
    SECOND_JUMP,          // direct
    SECOND_BRANCH,        // direct, on a condition of the flags
    SECOND_CALL,          // direct
    SECOND_RETURN,        // near, pops nothing more
    SECOND_TRAP,          // ud2
    SECOND_BREAKPOINT,    // int3
    SECOND_INDIRECT_JUMP, // near
    SECOND_INDIRECT_CALL,
    SECOND_NOTHING,       // a no-operation, with or without an operand that is not touched
    SECOND_STRING,        // movs or stos
    SECOND_TRANSFER,      // any other transfer of control: loop, far, interrupt, transaction ...
};

// A register of an address: number 0 to 15 in the processor's order, width in bytes. Width 0: no register.
enum { SECOND_IP = 16, SECOND_UNKNOWN = 17 };
struct second_register {
    uint8_t number, width;
};

enum second_form {
    SECOND_NO_MEMORY,
    SECOND_ADDRESS, // base, index, scale, displacement
    SECOND_OTHER,   // absolute 64-bit addresses, and those of string instructions
};

struct second_view {
    bool valid;
    uint8_t size;         // bytes
    enum second_kind kind;
    const char *name;     // LLVM's own
    const char *mnemonic; // in Intel's syntax, without prefixes
    int64_t target;       // of direct transfers
    enum second_form form;
    uint8_t segment;      // prefix byte, 0: none
    uint8_t scale;
    struct second_register base, index;
    int64_t displacement;
    uint16_t access;      // bytes, as Intel's syntax has them; 0: it does not say
    bool reaches;         // a bit test whose offset is a register: touches far more
    bool touches;         // the operand is read or written, and not only computed
    bool loads, stores;   // memory, also without an operand for it
    uint16_t written;     // general registers, one bit each, written as operands
    uint16_t written_implicitly;
    uint16_t named;       // general registers that are operands themselves
    const char *forbidden; // a register that no domain may write, but which is; NULL: none
    bool moves_stack;     // by `stack_change` bytes: pushes and subtractions count up
    int64_t stack_change;
};

// Decode what stands at `address`. False when LLVM's libraries cannot decode x86-64 at all.
bool second_open(void);
void second_decode(const uint8_t *bytes, size_t size, uint64_t address, struct second_view *view);
// Text in AT&T's syntax, for messages. Returns `to`.
const char *second_text(const uint8_t *bytes, size_t size, uint64_t address, char *to, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
