// SPDX-License-Identifier: MIT
//
// Candidates for the verifier: single instructions, systematically and by chance, and whole functions made of those it accepted.
#ifndef CONTAINMENT_GENERATE_H
#define CONTAINMENT_GENERATE_H

#include "tests/verifier/containment/containment.h"

#define CANDIDATE_MAX 15
#define POOL_MAX 60000
#define FRAME 64 // bytes: of every function here

struct candidate {
    uint8_t bytes[CANDIDATE_MAX];
    uint8_t size;
};

// Candidate number n of the systematic ones; false: that number makes no instruction. *end: there are no more.
bool candidate_systematic(uint32_t n, struct candidate *c, bool *end);
bool candidate_random(struct candidate *c);

// Accepted candidates that leave the stack pointer alone.
struct pool {
    struct candidate list[POOL_MAX];
    uint32_t count;
};
void pool_add(struct pool *pool, const struct candidate *c);

// A function with a frame of FRAME bytes around one candidate.
void function_around(struct builder *b, const struct candidate *c);
// One piece of a function: an instruction of the pool, or one of the checked sequences.
void piece_random(struct builder *b, const struct pool *pool);
// A few functions that call one another, made from the pool.
void functions_random(struct builder *b, const struct pool *pool);

// Where instructions start, by byte of text. False: the text does not decode.
bool boundaries_of(const uint8_t *text, size_t size, bool *starts);
// Length of the instruction at the start of `bytes`, 0: none.
size_t instruction_size(const uint8_t *bytes, size_t size);

#endif
