// SPDX-License-Identifier: MIT
//
// Calls of any method of any interface, by tables that bhidl generates (emit_call.c): for programs that learn only at run time what to call.
// Whoever links this imports every interface.
#ifndef BULKHEAD_CALL_TABLE_H
#define BULKHEAD_CALL_TABLE_H

#include <stdint.h>

// What a parameter is, and where: in an argument word, behind an address in a word, or in the result's register.
enum call_way : uint8_t {
    CALL_END,
    CALL_WORD_IN,
    CALL_MEMORY_IN,    // struct or string
    CALL_OPTIONAL_IN,  // in memory: a word that says whether it is there, the value
    CALL_BYTES_IN,     // address, and in the next word the length
    CALL_RESULT,
    CALL_WORD_OUT,     // memory of one word
    CALL_MEMORY_OUT,
    CALL_OPTIONAL_OUT,
    CALL_BYTES_OUT,    // in memory: a word with the length, the bytes
    CALL_CAP,
    CALL_MOVE,
    CALL_LEND,
    CALL_CAP_OUT,      // in the result's register
};

struct call_parameter {
    enum call_way way;
    uint8_t word;
    uint32_t size; // of the value; of bytes the most
};

struct call_method {
    struct call_parameter parameters[12]; // CALL_END behind the last
};

struct bh_result {
    int32_t error;
    uint64_t value;
};

struct call_interface {
    uint32_t id, method_count;
    uint64_t fingerprint;
    const char *name; // NULL behind the last
    struct bh_result (*call)(uint32_t method, uint64_t target, const uint64_t words[5]);
    const struct call_method *methods;
};
extern const struct call_interface call_interfaces[];

#endif
