// SPDX-License-Identifier: MIT
//
// Loops that follow pointers. A load whose address is the result of another load waits one cycle longer through a segment with a base
// (5 instead of 4 on the processors measured), and such a loop does nothing but wait. So its loads get the base from a register:
//     movq %gs:0x10000, %R ; leaq D(%R), %R      once, on the way into the loop
//     movl %eX, %eY ; movq (%R,%Y), %Z           for movq D(%X), %Z
// (docs/verified-code.md, anchors). The move between two registers costs no time. It is done where the loop makes no call and two of r8
// to r11 are free in it.
#include <stdlib.h>
#include <string.h>

#include "codegen/bhsfi/flow.h"

enum { BIAS_MAX = 127, ENTRIES_MAX = 4 };

struct loop {
    const struct flow *flow;
    size_t head, end; // lines: from the label to behind the jump back
    size_t entries[ENTRIES_MAX]; // lines in front of which the base is fetched: jumps from outside, and the way over the head
    int entry_count;
    bool chased[REGISTERS]; // see find_chased()
};

// A pointer's register: any but %rsp, whole.
static int number(const char *name, size_t length) {
    int found = register_number(name, length);
    bool whole = found >= 0 && found != STACK_REGISTER && strncmp(name, register_name(found, 64), length) == 0;
    return whole && register_name(found, 64)[length] == 0 ? found : -1;
}

// movq D(%X), %Z with 0 <= D <= BIAS_MAX, or movq %X, %Z (D: -1).
static bool pointer_move(const struct line *line, int *from, int *to, long *displacement) {
    if (line->kind != LINE_INSTRUCTION || strcmp(line->mnemonic, "movq") || line->operand_count != 2 || line->operands[1][0] != '%')
        return false;
    const char *source = line->operands[0];
    char *open;
    *to = number(line->operands[1] + 1, strlen(line->operands[1] + 1));
    if (source[0] == '%') {
        *displacement = -1;
        *from = number(source + 1, strlen(source + 1));
        return *from >= 0 && *to >= 0;
    }
    *displacement = strtol(source, &open, 10);
    if (open[0] != '(' || open[1] != '%' || *displacement < 0 || *displacement > BIAS_MAX)
        return false;
    size_t length = strcspn(open + 2, ",)");
    *from = number(open + 2, length);
    return open[2 + length] == ')' && *from >= 0 && *to >= 0;
}

static bool loop_move(const struct loop *loop, size_t line, int *from, int *to, long *displacement) {
    const struct flow *flow = loop->flow;
    return pointer_move(&flow->lines[line], from, to, displacement) && !is_stack_word(flow->lines, &flow->lines[line]);
}

// How values get from register to register within a round: by moves, or with a load among them.
enum { NOT_AT_ALL, MOVED, LOADED };

// The transitive closure; the second pass carries a load through a cycle.
static void close_over(char reach[REGISTERS][REGISTERS]) {
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < REGISTERS; k++)
            for (int i = 0; i < REGISTERS; i++)
                for (int j = 0; j < REGISTERS; j++) {
                    char how = reach[i][k] && reach[k][j] ? reach[i][k] == LOADED || reach[k][j] == LOADED ? LOADED : MOVED : NOT_AT_ALL;
                    if (reach[i][j] < how)
                        reach[i][j] = how;
                }
}

static bool only_looks(const char *mnemonic) {
    return strncmp(mnemonic, "cmp", 3) == 0 || strncmp(mnemonic, "test", 4) == 0 || strncmp(mnemonic, "push", 4) == 0;
}

// A register that the loop also computes in another way does not wait for its last load.
static void drop_computed(struct loop *loop) {
    int from, to;
    long displacement;
    for (size_t i = loop->head; i < loop->end; i++) {
        const struct line *line = &loop->flow->lines[i];
        if (line->kind != LINE_INSTRUCTION || !line->operand_count || only_looks(line->mnemonic) || is_jump(line))
            continue;
        const char *last = line->operands[line->operand_count - 1];
        if (last[0] != '%' || (loop_move(loop, i, &from, &to, &displacement) && loop->chased[from]))
            continue;
        int written = register_32(last + 1) ? register_number(last + 1, strlen(last + 1)) : -1;
        if (written >= 0)
            loop->chased[written] = false;
    }
}

// Registers whose value in a round is loaded through their value in the round before.
static void find_chased(struct loop *loop) {
    char reach[REGISTERS][REGISTERS] = {0};
    int from, to;
    long displacement;
    for (size_t i = loop->head; i < loop->end; i++)
        if (loop_move(loop, i, &from, &to, &displacement)) {
            char how = displacement < 0 ? MOVED : LOADED;
            if (reach[from][to] < how)
                reach[from][to] = how;
        }
    close_over(reach);
    for (int i = 0; i < REGISTERS; i++)
        loop->chased[i] = reach[i][i] == LOADED;
    drop_computed(loop);
}

static bool is_chase(const struct loop *loop, size_t line, int *from, long *displacement) {
    int to;
    return loop_move(loop, line, from, &to, displacement) && *displacement >= 0 && loop->chased[*from] && loop->chased[to];
}

// The displacement that most of the loop's chasing loads have; -1: there are none.
static long usual_displacement(const struct loop *loop) {
    int counts[BIAS_MAX + 1] = {0}, from;
    long displacement, best = -1;
    for (size_t i = loop->head; i < loop->end; i++)
        if (is_chase(loop, i, &from, &displacement)) {
            counts[displacement]++;
            if (best < 0 || counts[displacement] > counts[best])
                best = displacement;
        }
    return best;
}

static bool switches_section(const char *text) {
    return strncmp(text, ".section", 8) == 0 || strncmp(text, ".text", 5) == 0 || strncmp(text, ".pushsection", 12) == 0;
}

// Does control get from the head to the last line? Some jumps lead back to blocks that were only laid out earlier.
static bool is_cycle(const struct loop *loop) {
    const struct flow *flow = loop->flow;
    size_t size = loop->end - loop->head;
    bool *reached = calloc(size + 1, sizeof(bool)), changed = true;
    if (!reached)
        return false;
    reached[0] = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < size; i++) {
            const struct line *line = &flow->lines[loop->head + i];
            size_t target = is_jump(line) ? flow->targets[loop->head + i - flow->start] - loop->head : size;
            if (!reached[i])
                continue;
            if (!ends_flow(line) && !reached[i + 1])
                changed = reached[i + 1] = true;
            if (target < size && !reached[target])
                changed = reached[target] = true;
        }
    }
    bool cycle = reached[size - 1];
    free(reached);
    return cycle;
}

// No calls, no loop and nothing of a jump table in it.
static bool is_simple(const struct loop *loop) {
    const struct flow *flow = loop->flow;
    for (size_t i = loop->head; i < loop->end; i++) {
        const struct line *line = &flow->lines[i];
        if (is_call(line) || line->is_table_jump || line->is_case || (line->kind == LINE_OTHER && switches_section(line->text)))
            return false;
        size_t target = is_jump(line) ? flow->targets[i - flow->start] : flow->end;
        if (target > loop->head && target < i)
            return false;
    }
    return true;
}

static uint8_t free_registers(const struct loop *loop) {
    uint8_t taken = 0;
    for (size_t i = loop->head; i < loop->end; i++) {
        const struct line *line = &loop->flow->lines[i];
        taken |= loop->flow->live[i - loop->flow->start];
        for (int k = 0; k < line->operand_count; k++)
            taken |= scratch_named(line->operands[k]);
    }
    for (int i = 0; i < loop->entry_count; i++)
        taken |= loop->flow->live[loop->entries[i] - loop->flow->start];
    return SCRATCH_ALL & (uint8_t)~taken;
}

// In front of the head and of the directive that aligns it.
static size_t landing(const struct loop *loop) {
    size_t at = loop->head;
    while (at > loop->flow->start && loop->flow->lines[at - 1].kind == LINE_OTHER &&
           strncmp(loop->flow->lines[at - 1].text, ".p2align", 8) == 0)
        at--;
    return at;
}

static bool add_entry(struct loop *loop, size_t line) {
    if (loop->entry_count == ENTRIES_MAX)
        return false;
    loop->entries[loop->entry_count++] = line;
    return true;
}

static bool find_entries(struct loop *loop) {
    const struct flow *flow = loop->flow;
    size_t before = landing(loop), last = before;
    while (last > flow->start && flow->lines[last - 1].kind != LINE_INSTRUCTION)
        last--;
    bool falls_in = last == flow->start || !ends_flow(&flow->lines[last - 1]);
    if (falls_in && !add_entry(loop, before))
        return false;
    for (size_t i = flow->start; i < flow->end; i++) {
        size_t target = is_jump(&flow->lines[i]) ? flow->targets[i - flow->start] : flow->end;
        bool inside = i >= loop->head && i < loop->end;
        if (!inside && target >= loop->head && target < loop->end && !add_entry(loop, i))
            return false;
    }
    return true;
}

static void fetch_base(struct line *line, int base, long bias) {
    char text[160];
    int size = snprintf(text, sizeof(text), "\tmovq\t%%gs:0x10000, %%r%d", base);
    if (bias > 0)
        size += snprintf(text + size, sizeof(text) - (size_t)size, "\n\tleaq\t%ld(%%r%d), %%r%d", bias, base, base);
    if (line->before) // another loop is entered on the same way
        snprintf(text + size, sizeof(text) - (size_t)size, "\n%s", line->before);
    free(line->before);
    line->before = strdup(text);
}

// The two registers are no longer free, for loops still to come.
static void occupy(struct loop *loop, uint8_t registers) {
    for (size_t i = loop->head; i < loop->end; i++)
        loop->flow->live[i - loop->flow->start] |= registers;
    for (int i = 0; i < loop->entry_count; i++)
        loop->flow->live[loop->entries[i] - loop->flow->start] |= registers;
}

static void anchor(struct file *file, struct loop *loop, long bias, int base, int index) {
    int from;
    long displacement;
    char text[160];
    for (int i = 0; i < loop->entry_count; i++)
        fetch_base(&file->lines[loop->entries[i]], base, bias);
    for (size_t i = loop->head; i < loop->end; i++) {
        struct line *line = &file->lines[i];
        if (!is_chase(loop, i, &from, &displacement) || displacement != bias)
            continue;
        snprintf(text, sizeof(text), "\tmovl\t%%%s, %%r%dd\n\tmovq\t(%%r%d,%%r%d), %s", register_name(from, 32), index, base, index,
                 line->operands[1]);
        line->instead = strdup(text);
    }
    occupy(loop, (uint8_t)(1u << (base - 8) | 1u << (index - 8)));
}

static void consider(struct file *file, struct loop *loop) {
    if (!is_simple(loop) || !is_cycle(loop) || !find_entries(loop))
        return;
    find_chased(loop);
    long bias = usual_displacement(loop);
    uint8_t spare = bias < 0 ? 0 : free_registers(loop);
    int base = -1;
    for (int i = SCRATCH_COUNT - 1; i >= 0; i--) {
        if (!(spare >> i & 1))
            continue;
        if (base >= 0) {
            anchor(file, loop, bias, base, i + 8);
            return;
        }
        base = i + 8;
    }
}

static bool jumps_back_later(const struct flow *flow, size_t line, size_t head) {
    for (size_t i = line + 1; i < flow->end; i++)
        if (is_jump(&flow->lines[i]) && flow->targets[i - flow->start] == head)
            return true;
    return false;
}

static void chase_function(struct file *file, size_t start, size_t end) {
    struct flow flow;
    if (!flow_read(&flow, file->lines, start, end))
        return;
    for (size_t i = start; i < end; i++) {
        size_t target = is_jump(&file->lines[i]) ? flow.targets[i - start] : end;
        if (target < i && !jumps_back_later(&flow, i, target))
            consider(file, &(struct loop){.flow = &flow, .head = target, .end = i + 1});
    }
    flow_free(&flow);
}

void chase_pointers(struct file *file) {
    for (size_t start = 0, end = 0; next_function(file, &start, &end); start = end)
        chase_function(file, start, end);
}
