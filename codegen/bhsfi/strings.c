// SPDX-License-Identifier: MIT
//
// String instructions: their addresses cannot carry a segment, so the registers are brought into the slot first. They run upwards
// (the direction flag is always clear) into an unmapped guard at the worst.
#include <string.h>

#include "codegen/bhsfi/sfi.h"

// Is it movs or stos (and not movsd of SSE, movsbl, ...)? Their operands name %rsi and %rdi, or nothing.
static char string_kind(const struct line *line) {
    const char *m = line->mnemonic;
    if (strlen(m) != 5 || !strchr("bwlq", m[4]))
        return 0;
    bool implicit = line->operand_count == 0;
    bool to_di = line->operand_count == 2 && strcmp(line->operands[1], "%es:(%rdi)") == 0;
    if (!implicit && !to_di)
        return strncmp(m, "lods", 4) == 0 || strncmp(m, "scas", 4) == 0 || strncmp(m, "cmps", 4) == 0 ? 'x' : 0;
    if (strncmp(m, "movs", 4) == 0)
        return 'm';
    return strncmp(m, "stos", 4) == 0 ? 's' : 'x';
}

static bool reads_flags(const char *mnemonic) {
    return (mnemonic[0] == 'j' && strncmp(mnemonic, "jmp", 3)) || !strncmp(mnemonic, "set", 3) ||
           !strncmp(mnemonic, "cmov", 4) || !strncmp(mnemonic, "adc", 3) || !strncmp(mnemonic, "sbb", 3) ||
           !strncmp(mnemonic, "rcl", 3) || !strncmp(mnemonic, "rcr", 3);
}

static bool keeps_flags(const char *mnemonic) {
    return !strncmp(mnemonic, "mov", 3) || !strncmp(mnemonic, "lea", 3) || !strncmp(mnemonic, "push", 4) ||
           !strncmp(mnemonic, "pop", 3) || !strncmp(mnemonic, "nop", 3);
}

// The added instructions change the flags; nobody may be waiting for the old ones.
static void check_flags(struct file *file, size_t index) {
    size_t next = index;
    do {
        next = next_instruction(file, next + 1);
        if (next < file->count && reads_flags(file->lines[next].mnemonic))
            refuse_line(file, &file->lines[index], "the flags are needed behind this string instruction");
    } while (next < file->count && keeps_flags(file->lines[next].mnemonic));
}

bool rewrite_string(struct file *file, size_t index) {
    const struct line *line = &file->lines[index];
    char kind = string_kind(line);
    if (!kind)
        return false;
    if (kind == 'x' || (line->prefix[0] && strcmp(line->prefix, "rep"))) {
        refuse_line(file, line, "this string instruction has no verified form");
        return true;
    }
    check_flags(file, index);
    if (kind == 'm')
        emit(file, "\tmovl\t%%esi, %%esi\n\taddq\t%%gs:0x10000, %%rsi");
    emit(file, "\tmovl\t%%edi, %%edi\n\taddq\t%%gs:0x10000, %%rdi");
    emit(file, "\t%s%s%s", line->prefix, line->prefix[0] ? " " : "", line->mnemonic);
    return true;
}
