// SPDX-License-Identifier: MIT
//
// Flow of control and liveness in one function of the assembly text: as much as is needed to find registers that nobody waits for.
#include "codegen/bhsfi/flow.h"

#include <stdlib.h>
#include <string.h>

static bool starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

bool is_call(const struct line *line) {
    return line->kind == LINE_INSTRUCTION && starts(line->mnemonic, "call");
}

bool is_jump(const struct line *line) {
    return line->kind == LINE_INSTRUCTION && line->mnemonic[0] == 'j';
}

bool ends_flow(const struct line *line) {
    return line->kind == LINE_INSTRUCTION &&
           (starts(line->mnemonic, "jmp") || starts(line->mnemonic, "ret") || strcmp(line->mnemonic, "ud2") == 0);
}

int scratch_number(const char *name, bool *whole) {
    static const char *const names[SCRATCH_COUNT] = {"r8", "r9", "r10", "r11"};
    for (int i = 0; i < SCRATCH_COUNT; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(name, names[i], length))
            continue;
        *whole = !name[length] || name[length] == 'd';
        return i;
    }
    return -1;
}

uint8_t scratch_named(const char *operand) {
    uint8_t named = 0;
    bool whole;
    for (const char *at = strchr(operand, '%'); at; at = strchr(at + 1, '%')) {
        char name[8] = "";
        memcpy(name, at + 1, strnlen(at + 1, sizeof(name) - 1));
        name[strcspn(name, ",) ")] = 0;
        int number = scratch_number(name, &whole);
        if (number >= 0)
            named |= (uint8_t)(1u << number);
    }
    return named;
}

// What an instruction reads and overwrites of the four. Whatever is not surely an overwriting is a reading.
static void effects(const struct line *line, uint8_t *reads, uint8_t *writes) {
    bool whole;
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
        int number = i == last && line->operands[i][0] == '%' ? scratch_number(line->operands[i] + 1, &whole) : -1;
        bool moves = starts(line->mnemonic, "mov") || starts(line->mnemonic, "lea") || starts(line->mnemonic, "pop");
        bool clears = starts(line->mnemonic, "xor") && line->operand_count == 2 && strcmp(line->operands[0], line->operands[1]) == 0;
        if (number >= 0 && whole && (moves || clears))
            *writes |= (uint8_t)(1u << number);
        else if (!(clears && i == 0))
            *reads |= scratch_named(line->operands[i]);
    }
}

size_t flow_target(const struct flow *flow, const struct line *jump) {
    for (size_t i = flow->start; i < flow->end && jump->operand_count == 1; i++)
        if (flow->lines[i].kind == LINE_LABEL && strcmp(flow->lines[i].mnemonic, jump->operands[0]) == 0)
            return i;
    return flow->end;
}

// Live in front of a line, given what is live in front of the next one.
static uint8_t live_before(const struct flow *flow, size_t index) {
    const struct line *line = &flow->lines[index];
    uint8_t reads, writes, after = index + 1 < flow->end ? flow->live[index + 1 - flow->start] : 0;
    if (line->kind != LINE_INSTRUCTION)
        return after;
    if (ends_flow(line))
        after = 0;
    if (is_jump(line)) {
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
