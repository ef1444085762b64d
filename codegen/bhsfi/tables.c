// SPDX-License-Identifier: MIT
//
// Jump tables. For a dense switch clang prints, with the table's address perhaps fetched long before,
//     leaq TABLE(%rip), %B ; ... ; movslq (%B,%I,4), %D ; addq %B, %D ; jmpq *%D
// which becomes the verified sequence, whole and in one place (docs/verified-code.md):
//     andl $LAST, %D ; leaq TABLE(%rip), %B ; movslq (%B,%D,4), %D ; addq %B, %D ; jmp *%D
// What the registers held is not trusted there, so the verifier need not know where it comes from: the table is filled up to a power of two,
// so that the mask changes no index that clang thought of. Which table it is, is found by going
// back from the jump to the next fetch of %B: on every way the compiler put the same one there.
#include <stdlib.h>
#include <string.h>

#include "codegen/bhsfi/flow.h"

enum { CALLEE_SAVED = 1 << 3 | 1 << 5 | 0xf << 12 };

// One jump through a table, by its lines and registers.
struct dispatch {
    size_t load, add, jump;
    int base, index, offset;
    size_t table; // line of its label; 0: not known yet
    unsigned entries;
    size_t mask; // line of clang's own andl on the index, which goes into the sequence; 0: it has none
    unsigned last; // number of the last entry, when the table is filled up
};

struct function {
    struct file *file;
    struct flow flow;
    struct dispatch *dispatches;
    size_t count;
};

static int whole_register(const char *operand) {
    int number = operand[0] == '%' ? register_number(operand + 1, strlen(operand + 1)) : -1;
    return number >= 0 && !strcmp(operand + 1, register_name(number, 64)) ? number : -1;
}

static int written_register(const struct line *line) {
    const char *last = line->operand_count ? line->operands[line->operand_count - 1] : "";
    bool only_looks = starts(line->mnemonic, "cmp") || starts(line->mnemonic, "test") || starts(line->mnemonic, "push");
    return last[0] == '%' && !only_looks ? register_number(last + 1, strlen(last + 1)) : -1;
}

// The instruction in front of a line in the same block; 0: none. Labels of debug information do not end a block.
static size_t before(const struct flow *flow, size_t index) {
    while (--index > flow->start) {
        const struct line *line = &flow->lines[index];
        if (line->kind == LINE_INSTRUCTION)
            return index;
        if (line->kind == LINE_LABEL && !starts(line->mnemonic, ".Ltmp"))
            return 0;
    }
    return 0;
}

// Nothing that stands between the parts may touch their registers, or registers that it does not name.
static bool stands_aside(const struct line *line, uint16_t registers) {
    if (!starts(line->mnemonic, "mov") && !starts(line->mnemonic, "lea") && !starts(line->mnemonic, "xor"))
        return false;
    for (int i = 0; i < line->operand_count; i++)
        if (registers_named(line->operands[i]) & registers)
            return false;
    return true;
}

// The next instruction in front of `index` with this name, over others that touch none of `registers`; 0: none.
static size_t find_before(const struct flow *flow, size_t index, const char *mnemonic, uint16_t registers) {
    for (size_t at = before(flow, index); at; at = before(flow, at)) {
        const struct line *line = &flow->lines[at];
        uint16_t named = 0;
        for (int i = 0; i < line->operand_count; i++)
            named |= registers_named(line->operands[i]);
        if (strcmp(line->mnemonic, mnemonic) == 0 && (named & registers))
            return at;
        if (!stands_aside(line, registers))
            return 0;
    }
    return 0;
}

// "(%B,%I,4)"
static bool table_operand(const char *operand, int *base, int *index) {
    char b[8], i[8];
    if (sscanf(operand, "(%%%7[a-z0-9],%%%7[a-z0-9],4)", b, i) != 2 || operand[strlen(operand) - 1] != ')')
        return false;
    *base = register_number(b, strlen(b));
    *index = register_number(i, strlen(i));
    return *base >= 0 && *index >= 0;
}

static bool is_index_kept(const struct flow *flow, const struct dispatch *d) {
    for (size_t i = d->load + 1; i < d->jump && d->index != d->offset; i++)
        if (i != d->add && flow->lines[i].kind == LINE_INSTRUCTION && written_register(&flow->lines[i]) == d->index)
            return false;
    return true;
}

static bool read_dispatch(const struct flow *flow, size_t jump, struct dispatch *d) {
    const struct line *lines = flow->lines;
    int target = whole_register(lines[jump].operands[0] + 1);
    *d = (struct dispatch){.jump = jump};
    if (target < 0 || !(d->add = find_before(flow, jump, "addq", (uint16_t)(1u << target))) || lines[d->add].operand_count != 2)
        return false;
    int addend = whole_register(lines[d->add].operands[0]), sum = whole_register(lines[d->add].operands[1]);
    if (sum != target || addend < 0 || addend == sum)
        return false;
    uint16_t both = (uint16_t)(1u << addend | 1u << sum);
    if (find_before(flow, jump, "addq", both) != d->add || !(d->load = find_before(flow, d->add, "movslq", both)) ||
        lines[d->load].operand_count != 2 || !table_operand(lines[d->load].operands[0], &d->base, &d->index))
        return false;
    d->offset = whole_register(lines[d->load].operands[1]);
    return d->offset >= 0 && d->offset != d->base && both == (1u << d->base | 1u << d->offset) && is_index_kept(flow, d);
}

// ---- which table

static size_t find_label(const struct file *file, const char *name, size_t from) {
    for (size_t k = 0; k < file->count; k++) {
        size_t i = (from + k) % file->count; // clang puts tables behind their function
        if (file->lines[i].kind == LINE_LABEL && strcmp(file->lines[i].mnemonic, name) == 0)
            return i;
    }
    return 0;
}

// "leaq .LJTI0_0(%rip), %B": the table's label.
static size_t fetched_table(const struct function *f, const struct line *line) {
    char name[WORD_MAX];
    if (strcmp(line->mnemonic, "leaq") || line->operand_count != 2 || !starts(line->operands[0], ".LJTI"))
        return 0;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(line->operands[0], "("), line->operands[0]);
    return find_label(f->file, name, f->flow.end);
}

// `.long CASE-TABLE', a line of a table: the length of CASE, 0 when it is something else.
static size_t entry(const struct line *line, const char **name) {
    if (line->kind != LINE_OTHER || !starts(line->text, ".long"))
        return 0;
    *name = line->text + 5 + strspn(line->text + 5, " \t");
    size_t length = strcspn(*name, "-");
    return starts(*name + length, "-.LJTI") ? length : 0;
}

static bool leads_to(const struct function *f, const struct dispatch *d, const struct line *label) {
    const char *name;
    size_t length;
    for (size_t i = d->table + 1; d->table && i < f->file->count && (length = entry(&f->file->lines[i], &name)); i++)
        if (strlen(label->mnemonic) == length && strncmp(name, label->mnemonic, length) == 0)
            return true;
    return false;
}

// A place to look for the fetch of a register from, backwards.
struct search {
    const struct function *f;
    uint16_t *seen; // by line: registers that were looked for in front of it
    struct { size_t line; int base; } *work;
    size_t work_count;
};

static void search_from(struct search *search, size_t line, int base) {
    uint16_t *seen = &search->seen[line - search->f->flow.start];
    if (*seen >> base & 1)
        return;
    *seen |= (uint16_t)(1u << base);
    search->work[search->work_count].line = line;
    search->work[search->work_count++].base = base;
}

// Goes back from in front of a line to all that may have run before it.
static void step_back(struct search *search, size_t line, int base) {
    const struct flow *flow = &search->f->flow;
    if (line > flow->start && !ends_flow(&flow->lines[line - 1]))
        search_from(search, line - 1, base);
    if (flow->lines[line].kind != LINE_LABEL)
        return;
    for (size_t i = flow->start; i < flow->end; i++)
        if (flow->targets[i - flow->start] == line)
            search_from(search, i, base);
    for (size_t i = 0; i < search->f->count; i++)
        if (leads_to(search->f, &search->f->dispatches[i], &flow->lines[line]))
            search_from(search, search->f->dispatches[i].jump, base);
}

static size_t search_table(struct search *search) {
    const struct flow *flow = &search->f->flow;
    while (search->work_count) {
        size_t at = search->work[--search->work_count].line;
        int base = search->work[search->work_count].base;
        const struct line *line = &flow->lines[at];
        bool writes = line->kind == LINE_INSTRUCTION && written_register(line) == base;
        if (writes && fetched_table(search->f, line))
            return fetched_table(search->f, line);
        if (writes && strcmp(line->mnemonic, "movq") == 0 && whole_register(line->operands[0]) >= 0)
            step_back(search, at, whole_register(line->operands[0]));
        else if (!writes && !(is_call(line) && !(CALLEE_SAVED >> base & 1)))
            step_back(search, at, base);
    }
    return 0;
}

static size_t find_table(const struct function *f, const struct dispatch *d) {
    size_t size = f->flow.end - f->flow.start;
    struct search search = {.f = f, .seen = calloc(size + 1, sizeof(*search.seen))};
    search.work = calloc(size * REGISTERS + 1, sizeof(*search.work));
    size_t found = 0;
    if (search.seen && search.work) {
        step_back(&search, d->load, d->base);
        found = search_table(&search);
    }
    free(search.seen);
    free(search.work);
    return found;
}

static void know_table(struct function *f, struct dispatch *d) {
    const char *name;
    size_t length;
    char label[WORD_MAX];
    for (size_t i = d->table + 1; i < f->file->count && (length = entry(&f->file->lines[i], &name)); i++) {
        snprintf(label, sizeof(label), "%.*s", (int)length, name);
        size_t line = find_label(f->file, label, f->flow.start);
        f->file->lines[line].is_case = line != 0;
        d->entries++;
    }
}

// Some fetches are reached only by way of another table's cases: so until nothing more is found.
static bool find_tables(struct function *f) {
    size_t known = 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < f->count; i++) {
            struct dispatch *d = &f->dispatches[i];
            if (d->table || !(d->table = find_table(f, d)))
                continue;
            know_table(f, d);
            known += d->entries != 0;
            changed = true;
        }
    }
    return known == f->count;
}

// ---- the verified form

static unsigned serial;

// `andl $N, %D' in front of the load, with nothing in between that looks at %D. A table may grow fourfold for it.
static void find_mask(const struct flow *flow, struct dispatch *d) {
    size_t at = d->index == d->offset ? find_before(flow, d->load, "andl", (uint16_t)(1u << d->index)) : 0;
    const struct line *line = &flow->lines[at];
    long mask = at && line->operand_count == 2 && line->operands[0][0] == '$' ? strtol(line->operands[0] + 1, NULL, 0) : -1;
    for (d->last = 1; d->last < d->entries; d->last *= 2)
        ;
    d->last--;
    if (mask >= 0 && (unsigned long)mask >= d->last && (unsigned long)mask < 4ul * d->entries &&
        register_number(line->operands[1] + 1, strlen(line->operands[1] + 1)) == d->offset) {
        d->mask = at;
        d->last = (unsigned)mask;
    }
}

// Fills the table of a jump up with entries that lead to the trap behind it, as far as any jump through the table wants.
static void fill_table(const struct function *f, const struct dispatch *d) {
    const struct line *table = &f->file->lines[d->table];
    struct line *end = &f->file->lines[d->table + d->entries];
    unsigned last = 0;
    for (size_t i = 0; i < f->count; i++)
        if (f->dispatches[i].table == d->table && f->dispatches[i].last > last)
            last = f->dispatches[i].last;
    if (end->instead)
        return;
    size_t size = strlen(end->text) + WORD_MAX + 80;
    end->instead = malloc(size);
    if (end->instead)
        snprintf(end->instead, size, "\t%s\n\t.rept\t%u\n\t.long\t.Lbh_nowhere%u-%s\n\t.endr", end->text, last + 1 - d->entries, serial,
                 table->mnemonic);
}

// The table's address, when it was fetched just before the load and for nothing else, is fetched in the sequence only.
static void drop_fetch(const struct function *f, const struct dispatch *d) {
    size_t at = find_before(&f->flow, d->load, "leaq", (uint16_t)(1u << d->base));
    if (at && fetched_table(f, &f->flow.lines[at]) == d->table)
        f->file->lines[at].instead = strdup("");
}

static void replace_dispatch(const struct function *f, const struct dispatch *d) {
    struct file *file = f->file;
    const char *offset = register_name(d->offset, 64), *base = register_name(d->base, 64), *low = register_name(d->offset, 32);
    char text[512], move[64] = "";
    serial++;
    if (d->index != d->offset)
        snprintf(move, sizeof(move), "\tmovl\t%%%s, %%%s\n", register_name(d->index, 32), low);
    snprintf(text, sizeof(text),
             "%s\tandl\t$%u, %%%s\n\tleaq\t%s(%%rip), %%%s\n"
             "\tmovslq\t(%%%s,%%%s,4), %%%s\n\taddq\t%%%s, %%%s\n\tjmpq\t*%%%s\n.Lbh_nowhere%u:\n\tud2",
             move, d->last, low, file->lines[d->table].mnemonic, base, base, offset, offset, base, offset, offset, serial);
    fill_table(f, d);
    drop_fetch(f, d);
    if (d->mask)
        file->lines[d->mask].instead = strdup("");
    file->lines[d->load].instead = strdup("");
    file->lines[d->add].instead = strdup("");
    file->lines[d->jump].instead = strdup(text);
    file->lines[d->jump].is_table_jump = true;
}

// A jump to a register is one through a table, but for the end of a checked sequence, which stands behind its trap.
static bool is_dispatch(const struct flow *flow, size_t index) {
    const struct line *line = &flow->lines[index];
    if (!is_jump(line) || line->operand_count != 1 || !starts(line->operands[0], "*%r"))
        return false;
    size_t last = index - 1;
    while (last > flow->start && flow->lines[last].kind != LINE_INSTRUCTION)
        last--;
    return strcmp(flow->lines[last].mnemonic, "ud2") != 0;
}

static bool rewrite_function(struct file *file, size_t start, size_t end) {
    struct function f = {.file = file};
    size_t count = 0;
    if (!flow_read(&f.flow, file->lines, start, end))
        return false;
    for (size_t i = start; i < end; i++)
        count += is_dispatch(&f.flow, i);
    f.dispatches = calloc(count + 1, sizeof(*f.dispatches));
    bool good = f.dispatches && !(count && file->hardened);
    for (size_t i = start; i < end && good; i++)
        if (is_dispatch(&f.flow, i))
            good = read_dispatch(&f.flow, i, &f.dispatches[f.count++]);
    good = good && find_tables(&f);
    for (size_t i = 0; i < f.count && good; i++)
        find_mask(&f.flow, &f.dispatches[i]);
    for (size_t i = 0; i < f.count && good; i++)
        replace_dispatch(&f, &f.dispatches[i]);
    free(f.dispatches);
    flow_free(&f.flow);
    return good;
}

static void print_name(const struct file *file, size_t start) {
    char name[256];
    while (start > 0 && !(file->lines[start].kind == LINE_OTHER && announces_function(file->lines[start].text, name)))
        start--;
    printf("%s\n", start ? name : "?");
}

bool rewrite_tables(struct file *file) {
    bool good = true;
    for (size_t start = 0, end = 0; next_function(file, &start, &end); start = end)
        if (!rewrite_function(file, start, end)) {
            print_name(file, start);
            good = false;
        }
    return good;
}
