// SPDX-License-Identifier: MIT
//
// Indirect calls. With -fsanitize=kcfi clang prints
//     movl $-H, %r10d ; addl -4(%T), %r10d ; je 1f ; ud2 ; (trap table) ; 1: callq *%T
// which becomes the verified sequence with the target in %r11. At a call no value lives in %r11.
#include <string.h>

#include "codegen/bhsfi/sfi.h"

static bool is_temporary(const char *operand) {
    return strcmp(operand, "%r10d") == 0 || strcmp(operand, "%r11d") == 0;
}

// Matches "-4(%T)" and yields T.
static bool label_operand(const char *operand, char *target) {
    if (strncmp(operand, "-4(%", 4) != 0)
        return false;
    size_t length = strcspn(operand + 4, ")");
    if (length >= WORD_MAX)
        return false;
    memcpy(target, operand + 4, length);
    target[length] = 0;
    return register_32(target) != NULL;
}

static bool check_starts(const struct file *file, size_t index, size_t *add, char *target) {
    const struct line *line = &file->lines[index];
    if (strcmp(line->mnemonic, "movl") || line->operand_count != 2 || line->operands[0][0] != '$' ||
        !is_temporary(line->operands[1]))
        return false;
    *add = next_instruction(file, index + 1);
    if (*add >= file->count)
        return false;
    const struct line *second = &file->lines[*add];
    return strcmp(second->mnemonic, "addl") == 0 && second->operand_count == 2 &&
           strcmp(second->operands[1], line->operands[1]) == 0 && label_operand(second->operands[0], target);
}

size_t rewrite_call(struct file *file, size_t index) {
    static unsigned serial;
    char target[WORD_MAX], want[WORD_MAX];
    size_t add;
    if (!check_starts(file, index, &add, target))
        return index;
    size_t branch = next_instruction(file, add + 1);
    size_t trap = next_instruction(file, branch + 1);
    size_t call = next_instruction(file, trap + 1);
    if (call >= file->count || strcmp(file->lines[branch].mnemonic, "je") || strcmp(file->lines[trap].mnemonic, "ud2"))
        return index;
    const struct line *last = &file->lines[call];
    snprintf(want, sizeof(want), "*%%%s", target);
    bool is_jump = strncmp(last->mnemonic, "jmp", 3) == 0;
    if (last->operand_count != 1 || strcmp(last->operands[0], want) || !(is_jump || !strncmp(last->mnemonic, "call", 4))) {
        refuse_line(file, last, "a checked indirect call has an unexpected form");
        return call + 1;
    }
    serial++;
    if (strcmp(target, "r11") != 0)
        emit(file, "\tmovq\t%%%s, %%r11", target);
    emit(file, "\tmovl\t%%r11d, %%r11d");
    emit(file, "\tmovl\t%s, %%r10d", file->lines[index].operands[0]);
    emit(file, "\taddl\t%%gs:-4(%%r11d), %%r10d");
    emit(file, "\tje\t.Lbh_call%u", serial);
    emit(file, "\tud2");
    emit(file, ".Lbh_call%u:", serial);
    emit(file, "\taddq\t%%gs:0x10000, %%r11");
    // Labels of debug information that stood in front of the call.
    for (size_t i = branch + 1; i < call; i++)
        if (file->lines[i].kind == LINE_LABEL)
            emit(file, "%s", file->lines[i].text);
    emit(file, "\t%s\t*%%r11", is_jump ? "jmpq" : "callq");
    return call + 1;
}
