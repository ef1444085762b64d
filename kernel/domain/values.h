// SPDX-License-Identifier: MIT
//
// What values a method's parameters may have. bhidl writes a table of rules for each method that has any; its proxy has the table applied to what
// it passes, in both directions.
#ifndef BH_VALUES_H
#define BH_VALUES_H

#include <stdint.h>

enum value_kind : uint8_t {
    VALUE_END,     // of a table
    VALUE_AMONG,   // in one of `count` ranges
    VALUE_BITS,    // no bits but `bits`
    VALUE_TEXT,    // a zero among `count` bytes
    VALUE_PRESENT, // 0, or 1 and then the `inside` rules that follow hold, too
    VALUE_EACH,    // the `inside` rules that follow hold for each of `count` elements, `bits` bytes apart
};

// Where `offset` counts from, in a rule that is inside no other: for what is passed in, the argument words as the proxy saves them, or the copies on
// the callee's data stack; for what comes back, the two result registers, or the caller's memory of out parameter VALUE_OUT + n.
enum value_place : uint8_t { VALUE_WORDS, VALUE_AREA, VALUE_ERROR, VALUE_RESULT, VALUE_OUT };

struct value_rule {
    enum value_kind kind;
    uint8_t width; // of the value: 1, 2, 4 or 8 bytes
    uint8_t place; // enum value_place
    uint16_t inside;
    uint32_t offset;
    uint32_t count;
    uint64_t bits;
    const uint64_t *ranges; // first and last of each
    const char *what;       // method and parameter, and what it may be
};

// In two registers: the rule that refuses, NULL when none does, and the value that it refuses.
struct value_refused {
    const struct value_rule *rule;
    uint64_t value;
};

// Part of the proxies. `words` and `area`: see enum value_place.
struct value_refused values_check(const struct value_rule *rules, const uint64_t *words, const uint8_t *area);
// `results`: error and value. `outs`: pairs of which the first is the address of an out parameter's memory in the caller.
struct value_refused values_check_back(const struct value_rule *rules, const uint64_t results[2], const uint64_t *outs);

#endif
