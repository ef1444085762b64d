// SPDX-License-Identifier: MIT
//
// Flow of control and liveness in one function of the assembly text: as much as is needed to find registers that nobody waits for.
#include "codegen/bhsfi/flow.h"

#include <stdlib.h>
#include <string.h>

uint8_t scratch_named(const char *operand) {
    return (uint8_t)(registers_named(operand) >> 8 & SCRATCH_ALL);
}

// The one of the four that an operand is, when writing it leaves nothing of the old value; else -1.
static int overwritten(const char *operand) {
    int number = operand[0] == '%' ? register_number(operand + 1, strlen(operand + 1)) : -1;
    bool scratch = number >= 8 && number < 8 + SCRATCH_COUNT;
    return scratch && register_32(operand + 1) ? number - 8 : -1;
}

// What an instruction reads and overwrites of the four. Whatever is not surely an overwriting is a reading.
static void effects(const struct line *line, uint8_t *reads, uint8_t *writes) {
    *reads = *writes = 0;
    if (is_call(line)) { // r8 and r9 may carry arguments; r10 and r11 belong to the call
        *reads = 1 << 0 | 1 << 1;
        *writes = 1 << 2 | 1 << 3;
        for (int i = 0; i < line->operand_count; i++)
            *reads |= scratch_named(line->operands[i]);
        return;
    }
    int last = line->operand_count - 1;
    for (int i = 0; i < line->operand_count; i++) {
        int number = i == last ? overwritten(line->operands[i]) : -1;
        bool moves = starts(line->mnemonic, "mov") || starts(line->mnemonic, "lea") || starts(line->mnemonic, "pop");
        bool clears = starts(line->mnemonic, "xor") && line->operand_count == 2 && strcmp(line->operands[0], line->operands[1]) == 0;
        if (number >= 0 && (moves || clears))
            *writes |= (uint8_t)(1u << number);
        else if (!(clears && i == 0))
            *reads |= scratch_named(line->operands[i]);
    }
}

// Line of the label that a jump goes to; `end` when it leaves the function.
static size_t flow_target(const struct flow *flow, const struct line *jump) {
    for (size_t i = flow->start; i < flow->end && jump->operand_count == 1; i++)
        if (flow->lines[i].kind == LINE_LABEL && strcmp(flow->lines[i].mnemonic, jump->operands[0]) == 0)
            return i;
    return flow->end;
}

bool next_function(const struct file *file, size_t *start, size_t *end) {
    const struct line *lines = file->lines;
    size_t i = *start;
    while (i < file->count && !(lines[i].kind == LINE_OTHER && starts(lines[i].text, ".cfi_startproc")))
        i++;
    *start = i;
    while (i < file->count && !(lines[i].kind == LINE_OTHER && starts(lines[i].text, ".cfi_endproc")))
        i++;
    *end = i;
    return i < file->count;
}

// Live in front of a line, given what is live in front of the next one.
static uint8_t live_before(const struct flow *flow, size_t index) {
    const struct line *line = &flow->lines[index];
    uint8_t reads, writes, after = index + 1 < flow->end ? flow->live[index + 1 - flow->start] : 0;
    if (line->kind != LINE_INSTRUCTION)
        return after;
    if (ends_flow(line))
        after = 0;
    if (line->is_table_jump) { // to any case
        after = SCRATCH_ALL;
    } else if (is_jump(line)) {
        size_t target = flow->targets[index - flow->start];
        after |= target < flow->end ? flow->live[target - flow->start] : 1 << 0 | 1 << 1; // a tail jump passes arguments on
    }
    effects(line, &reads, &writes);
    return reads | (after & (uint8_t)~writes);
}

bool flow_read(struct flow *flow, const struct line *lines, size_t start, size_t end) {
    *flow = (struct flow){.lines = lines, .start = start, .end = end};
    flow->live = calloc(end - start + 1, 1);
    flow->targets = calloc(end - start + 1, sizeof(*flow->targets));
    if (!flow->live || !flow->targets) {
        flow_free(flow);
        return false;
    }
    for (size_t i = start; i < end; i++)
        flow->targets[i - start] = is_jump(&lines[i]) ? flow_target(flow, &lines[i]) : end;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = end; i-- > start;) {
            uint8_t live = live_before(flow, i);
            changed |= live != flow->live[i - start];
            flow->live[i - start] = live;
        }
    }
    return true;
}

void flow_free(struct flow *flow) {
    free(flow->live);
    free(flow->targets);
    flow->live = NULL;
    flow->targets = NULL;
}
