// SPDX-License-Identifier: MIT
//
// Instructions that no C becomes, but that people write in inline assembly: refused here, where the line is still known. The verifier
// does not rely on it.
#include <string.h>

#include "codegen/bhsfi/sfi.h"

static const char *const system_instructions[] = {
    "cli", "sti", "hlt", "in", "inb", "inw", "inl", "out", "outb", "outw", "outl", "insb", "insw", "insl", "outsb", "outsw", "outsl",
    "int", "iret", "iretl", "iretq", "syscall", "sysret", "sysretq", "sysenter", "sysexit", "lgdt", "lidt", "lldt", "ltr", "sgdt", "sidt",
    "sldt", "str", "lmsw", "smsw", "clts", "wrmsr", "rdmsr", "rdpmc", "invlpg", "invd", "wbinvd", "invpcid", "swapgs", "xsetbv", "clac",
    "stac", "monitor", "mwait", "vmrun", "vmcall", "vmmcall", "vmload", "vmsave", "vmxon", "vmxoff", "vmlaunch", "vmresume", "wrfsbase",
    "wrgsbase", "rdfsbase", "rdgsbase", "wrpkru", "rdpkru", "int3", "ud1"};
static const char *const state_instructions[] = {"popf", "popfq", "popfw", "pushf", "pushfq", "pushfw", "std", "ldmxcsr", "fldcw", "fldenv", "frstor",
                                                 "fnsave", "fsave", "fxsave", "fxsave64", "fxrstor", "fxrstor64", "xsave", "xsave64",
                                                 "xrstor", "xrstor64", "xsaveopt", "fninit", "finit", "emms"};
static const char *const frame_instructions[] = {"enter", "leave", "leaveq", "xlat", "xlatb", "lret", "lretq", "ljmp", "ljmpl", "ljmpq", "lcall",
                                                 "lcalll", "lcallq"};

static bool listed(const char *mnemonic, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(mnemonic, list[i]) == 0)
            return true;
    return false;
}
#define LISTED(mnemonic, list) listed(mnemonic, list, sizeof(list) / sizeof(*(list)))

static bool is_stack_pointer(const char *operand) {
    return strcmp(operand, "%rsp") == 0 || strcmp(operand, "%esp") == 0 || strcmp(operand, "%sp") == 0 || strcmp(operand, "%spl") == 0;
}

static bool is_system_register(const char *operand) {
    static const char *const names[] = {"%cs", "%ds", "%es", "%fs", "%gs", "%ss"};
    return LISTED(operand, names) || strncmp(operand, "%cr", 3) == 0 || strncmp(operand, "%dr", 3) == 0 || strncmp(operand, "%db", 3) == 0;
}

bool is_stack_move(const struct line *line) {
    size_t digits = line->operand_count == 2 ? strspn(line->operands[0], "-0123456789") : 0;
    return digits && strcmp(line->operands[0] + digits, "(%rsp)") == 0 && strcmp(line->operands[1], "%rsp") == 0;
}

// %rsp as an operand: only sub and add of a constant, lea of the same, and the start of the data stack idiom.
static bool misuses_stack_pointer(const struct file *file, size_t index) {
    const struct line *line = &file->lines[index];
    bool used = false;
    for (int i = 0; i < line->operand_count; i++)
        used |= is_stack_pointer(line->operands[i]);
    if (!used)
        return false;
    if ((strcmp(line->mnemonic, "subq") == 0 || strcmp(line->mnemonic, "addq") == 0) && line->operands[0][0] == '$')
        return false;
    if (strcmp(line->mnemonic, "leaq") == 0 && is_stack_move(line))
        return false;
    size_t next = next_instruction(file, index + 1);
    return !(strcmp(line->mnemonic, "movq") == 0 && line->operand_count == 2 && strcmp(line->operands[0], "%rsp") == 0 &&
             next < file->count && strcmp(file->lines[next].mnemonic, "andq") == 0);
}

const char *forbidden(const struct file *file, size_t index) {
    const struct line *line = &file->lines[index];
    if (LISTED(line->mnemonic, system_instructions))
        return "this instruction belongs to the system";
    if (LISTED(line->mnemonic, state_instructions))
        return "this instruction changes or shows state that all domains on the thread share";
    if (LISTED(line->mnemonic, frame_instructions))
        return "this instruction has no verified form";
    if (line->mnemonic[0] == 'v' && strncmp(line->mnemonic, "ver", 3) && line->operand_count)
        return "AVX is not part of the baseline for domains (x86-64 with SSE3)";
    for (int i = 0; i < line->operand_count; i++)
        if (is_system_register(line->operands[i]))
            return "segment, control and debug registers belong to the system";
    if (misuses_stack_pointer(file, index))
        return "the stack pointer moves by push, pop and constants only, and is not read";
    return NULL;
}
