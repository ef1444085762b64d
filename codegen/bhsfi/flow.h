// SPDX-License-Identifier: MIT
//
// One function of an assembly file as a graph, and where the registers r8 to r11, which no function need preserve, are live.
#ifndef BHSFI_FLOW_H
#define BHSFI_FLOW_H

#include <stdint.h>

#include "codegen/bhsfi/sfi.h"

enum { SCRATCH_COUNT = 4, SCRATCH_ALL = 0xf }; // bit N: r(8+N)

struct flow {
    const struct line *lines;
    size_t start, end; // lines of the function: [start, end)
    uint8_t *live;     // by line: scratch registers that somebody waits for in front of it
    size_t *targets;   // by line: of a jump inside the function, its label's line; else `end`
};

// Makes the graph of lines [start, end) of `lines`, which must outlive it. False: out of memory.
bool flow_read(struct flow *flow, const struct line *lines, size_t start, size_t end);
void flow_free(struct flow *flow);
// Those of the four that occur in an operand, in any width.
uint8_t scratch_named(const char *operand);
// The first function that starts at or behind line `*start`: its lines [*start, *end). False: there is none.
bool next_function(const struct file *file, size_t *start, size_t *end);

#endif
