// SPDX-License-Identifier: MIT
//
// Between the generated fuzz harnesses (codegen/bhidl/emit_fuzz.c) and what drives them.
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "kernel/abi/error.h"
#include "kernel/domain/values.h"

enum fuzz_kind { FUZZ_VALUE, FUZZ_COPY, FUZZ_BYTES, FUZZ_LENGTH, FUZZ_OUT };

struct fuzz_word {
    enum fuzz_kind kind;
    uint64_t area, size; // of its copy on the callee's data stack
    int pair;
};

struct fuzz_method {
    int words;
    uint64_t area_size;
    const struct value_rule *rules, *rules_back; // NULL: any values
    struct fuzz_word word[5];
};

struct fuzz_interface {
    uint32_t id, method_count;
    enum bh_error (*serve)(void);
    enum bh_error (*run_oneway)(uint64_t deadline_ns); // NULL: it has no oneway methods
    const struct fuzz_method *methods;
};
extern const struct fuzz_interface *const fuzz_interfaces[];

// For the generated servers: the input's next bytes.
void fuzz_fill(void *to, size_t size);
bool fuzz_truth(void);
enum bh_error fuzz_error(void);
void fuzz_read(const void *from, size_t size); // so that the sanitizer sees bytes that may not be read

#define CHECK(condition) ((condition) ? (void)0 : abort())

#endif
