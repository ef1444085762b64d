// SPDX-License-Identifier: MIT
//
// Indirect calls. With -fsanitize=kcfi clang prints
//     movl $-H, %r10d ; addl -4(%T), %r10d ; je 1f ; ud2 ; (trap table) ; 1: callq *%T
// which becomes the verified sequence with the target in %r11. At a call no value lives in %r11. The hardened form makes a target that did not
// pass the check harmless without a branch, and branches by a return whose prediction is known.
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

static unsigned serial;

// The return is predicted to go where its call came from: into a loop that waits until the true target is known.
static void emit_trampoline(struct file *file) {
    emit(file, "\tcall\t.Lbh_go%u", serial);
    emit(file, ".Lbh_wait%u:", serial);
    emit(file, "\tpause\n\tlfence\n\tjmp\t.Lbh_wait%u", serial);
    emit(file, ".Lbh_go%u:", serial);
    emit(file, "\t.cfi_adjust_cfa_offset 8");
    emit(file, "\tmovq\t%%r11, (%%rsp)\n\tret");
    emit(file, "\t.cfi_adjust_cfa_offset -8");
}

// To %r11. `labels' of debug information, lines [from, to), stood in front of the branch.
static void emit_branch(struct file *file, bool is_jump, size_t from, size_t to) {
    bool guarded_call = file->hardened && !is_jump;
    if (guarded_call) {
        emit(file, "\tjmp\t.Lbh_push%u", serial);
        emit(file, ".Lbh_branch%u:", serial);
        emit(file, "\t.cfi_adjust_cfa_offset 8");
        emit_trampoline(file);
        emit(file, "\t.cfi_adjust_cfa_offset -8");
        emit(file, ".Lbh_push%u:", serial);
    }
    for (size_t i = from; i < to; i++)
        if (file->lines[i].kind == LINE_LABEL)
            emit(file, "%s", file->lines[i].text);
    if (guarded_call)
        emit(file, "\tcall\t.Lbh_branch%u", serial);
    else if (file->hardened)
        emit_trampoline(file);
    else
        emit(file, "\t%s\t*%%r11", is_jump ? "jmpq" : "callq");
}

bool rewrite_table_branch(struct file *file, const struct line *line) {
    if (!file->hardened || line->operand_count != 1 || strncmp(line->operands[0], "*%gs:", 5))
        return false;
    serial++;
    emit(file, "\tmovq\t%s, %%r11", line->operands[0] + 1);
    emit_branch(file, line->mnemonic[0] == 'j', 0, 0);
    return true;
}

size_t rewrite_call(struct file *file, size_t index) {
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
    if (file->hardened)
        emit(file, "\tmovl\t$0, %%r10d\n\tcmovneq\t%%r10, %%r11");
    emit(file, "\taddq\t%%gs:0x10000, %%r11");
    emit_branch(file, is_jump, branch + 1, call);
    return call + 1;
}
