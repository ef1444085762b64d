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
// Line of the label that a jump goes to; `end` when it leaves the function.
size_t flow_target(const struct flow *flow, const struct line *jump);
// 0 to 3 for r8 to r11 of any width (no '%'), -1 for others. `whole`: writing it leaves nothing of the old value.
int scratch_number(const char *name, bool *whole);
// Those that occur in an operand.
uint8_t scratch_named(const char *operand);
bool is_call(const struct line *line);
bool is_jump(const struct line *line);
// Does control never go on behind this line?
bool ends_flow(const struct line *line);

#endif
