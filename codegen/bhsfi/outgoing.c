// SPDX-License-Identifier: MIT
//
// Arguments on the control stack, in functions that call setjmp: there the code generator keeps a copy of %rsp in a register to store them by,
//     movq %rsp, %R ; movq ..., 8(%R) ; ... ; call
// which it folds everywhere else. The copy goes, and its uses become what they are: stores to constant(%rsp).
#include <stdlib.h>
#include <string.h>

#include "codegen/bhsfi/sfi.h"

static bool is_copy(const struct file *file, size_t index) {
    const struct line *line = &file->lines[index];
    size_t next = next_instruction(file, index + 1);
    return strcmp(line->mnemonic, "movq") == 0 && line->operand_count == 2 && strcmp(line->operands[0], "%rsp") == 0 &&
           line->operands[1][0] == '%' && register_32(line->operands[1] + 1) && next < file->count &&
           strcmp(file->lines[next].mnemonic, "andq") != 0;
}

static bool is_lost_by_calls(const char *name) {
    static const char *const kept[] = {"rbx", "rbp", "r12", "r13", "r14", "r15"};
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        if (strcmp(name, kept[i]) == 0)
            return false;
    return true;
}

// "disp(%name)" with nothing else in it.
static bool is_based_on(const char *operand, const char *name) {
    char base[WORD_MAX];
    const char *open = strchr(operand, '(');
    snprintf(base, sizeof(base), "(%%%s)", name);
    return open && strcmp(open, base) == 0;
}

static bool mentions(const char *operand, const char *name) {
    const char *wide = strstr(operand, name), *narrow = strstr(operand, register_32(name));
    return (wide && wide > operand && wide[-1] == '%') || (narrow && narrow > operand && narrow[-1] == '%');
}

static bool is_whole_register(const char *operand, const char *name) {
    return operand[0] == '%' && (strcmp(operand + 1, name) == 0 || strcmp(operand + 1, register_32(name)) == 0);
}

enum use { USE_NONE, USE_ADDRESS, USE_LAST, USE_OTHER };

// What an instruction does with the copy: nothing, addresses by it, overwrites it, or something else.
static enum use use_of(const struct line *line, const char *name) {
    enum use use = USE_NONE;
    bool overwrites = strncmp(line->mnemonic, "mov", 3) == 0 || strncmp(line->mnemonic, "lea", 3) == 0;
    if (strncmp(line->mnemonic, "xor", 3) == 0 && line->operand_count == 2 && is_whole_register(line->operands[0], name) &&
        is_whole_register(line->operands[1], name))
        return USE_LAST;
    for (int i = 0; i < line->operand_count; i++) {
        if (!mentions(line->operands[i], name))
            continue;
        if (i == line->operand_count - 1 && i > 0 && overwrites && is_whole_register(line->operands[i], name))
            return USE_LAST;
        if (!is_based_on(line->operands[i], name) || strncmp(line->mnemonic, "lea", 3) == 0)
            return USE_OTHER;
        use = USE_ADDRESS;
    }
    return use;
}

static bool moves_stack(const struct line *line) {
    for (int i = 0; i < line->operand_count; i++)
        if (strcmp(line->operands[i], "%rsp") == 0)
            return true;
    return strncmp(line->mnemonic, "push", 4) == 0 || strncmp(line->mnemonic, "pop", 3) == 0;
}

// The line after which the copy is not needed any more, or 0.
static size_t end_of_copy(const struct file *file, size_t index, const char *name) {
    for (size_t i = index + 1; i < file->count; i++) {
        const struct line *line = &file->lines[i];
        if (line->kind == LINE_LABEL && strncmp(line->text, ".Ltmp", 5) != 0)
            return 0;
        if (line->kind != LINE_INSTRUCTION)
            continue;
        if (is_branch(line->mnemonic))
            return strncmp(line->mnemonic, "call", 4) == 0 && is_lost_by_calls(name) ? i : 0;
        enum use use = use_of(line, name);
        if (use == USE_LAST)
            return i;
        if (use == USE_OTHER || moves_stack(line))
            return 0;
    }
    return 0;
}

bool rewrite_outgoing(struct file *file, size_t index) {
    if (!is_copy(file, index))
        return false;
    const char *name = file->lines[index].operands[1] + 1;
    size_t end = end_of_copy(file, index, name);
    for (size_t i = index + 1; i <= end; i++) {
        struct line *line = &file->lines[i];
        for (int n = 0; line->kind == LINE_INSTRUCTION && n < line->operand_count; n++) {
            if (!is_based_on(line->operands[n], name))
                continue;
            char text[WORD_MAX + 16];
            snprintf(text, sizeof(text), "%.*s(%%rsp)", (int)(strchr(line->operands[n], '(') - line->operands[n]), line->operands[n]);
            free(line->operands[n]);
            line->operands[n] = strdup(text);
        }
    }
    return end > 0;
}
