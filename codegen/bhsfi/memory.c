// SPDX-License-Identifier: MIT
//
// Memory operands: through the slot's segment with 32-bit address registers, unless they lie in the control stack's frame or in the
// image (RIP-relative).
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/bhsfi/sfi.h"

static void replace(struct line *line, int i, const char *text) {
    free(line->operands[i]);
    line->operands[i] = strdup(text);
}

// Split "disp(base,index,scale)"; false when it is not of that form. Registers without '%'.
static bool split(const char *operand, char *disp, char *base, char *index, char *scale) {
    const char *open = strrchr(operand, '('); // a displacement may hold parentheses itself
    size_t length = strlen(operand);
    if (!open || operand[length - 1] != ')' || length >= 200)
        return false;
    memcpy(disp, operand, (size_t)(open - operand));
    disp[open - operand] = 0;
    char inside[200], *parts[3] = {"", "", ""}, *rest = inside;
    memcpy(inside, open + 1, length - (size_t)(open - operand) - 2);
    inside[length - (size_t)(open - operand) - 2] = 0;
    for (int i = 0; i < 3 && rest; i++) {
        char *part = strsep(&rest, ",");
        while (isspace((unsigned char)*part))
            part++;
        parts[i] = part;
    }
    snprintf(base, WORD_MAX, "%s", parts[0][0] == '%' ? parts[0] + 1 : parts[0]);
    snprintf(index, WORD_MAX, "%s", parts[1][0] == '%' ? parts[1] + 1 : parts[1]);
    snprintf(scale, WORD_MAX, "%s", parts[2]);
    return true;
}

static void rewrite_operand(struct file *file, struct line *line, int i) {
    char disp[200], base[WORD_MAX], index[WORD_MAX], scale[WORD_MAX], text[512];
    const char *operand = line->operands[i];
    if (strncmp(operand, "%gs:", 4) == 0)
        return;
    if (operand[0] == '%' && strchr(operand, ':')) {
        refuse_line(file, line, "the segment register of this operand belongs to the system");
        return;
    }
    char *end;
    long long number = strtoll(operand, &end, 0);
    if (!*end && number >= 0 && number <= INT32_MAX) { // a constant address in the lower half of the slot
        snprintf(text, sizeof(text), "%%gs:%lld", number);
        replace(line, i, text);
        return;
    }
    if (!split(operand, disp, base, index, scale)) {
        refuse_line(file, line, "an absolute address cannot be used");
        return;
    }
    if (strcmp(base, "rip") == 0)
        return;
    if (strcmp(base, "rsp") == 0 && !index[0])
        return;
    const char *base_32 = base[0] ? register_32(base) : "";
    const char *index_32 = index[0] ? register_32(index) : "";
    if (!base_32 || !index_32) {
        refuse_line(file, line, "the control stack cannot be indexed");
        return;
    }
    int size = snprintf(text, sizeof(text), "%%gs:%s(%s%s", disp, base[0] ? "%" : "", base_32);
    if (index[0])
        size += snprintf(text + size, sizeof(text) - (size_t)size, ",%%%s", index_32);
    if (scale[0])
        size += snprintf(text + size, sizeof(text) - (size_t)size, ",%s", scale);
    snprintf(text + size, sizeof(text) - (size_t)size, ")");
    replace(line, i, text);
}

// The three instructions by which the data stack pointer is reached: %R was made from %rsp just before.
bool is_stack_word(const struct line *lines, const struct line *line) {
    if (line - lines < 2)
        return false;
    const struct line *mask = line - 1, *copy = line - 2;
    if (strcmp(mask->mnemonic, "andq") || mask->operand_count != 2 || strcmp(mask->operands[0], "$-65536") ||
        strcmp(copy->mnemonic, "movq") || copy->operand_count != 2 || strcmp(copy->operands[0], "%rsp") ||
        strcmp(copy->operands[1], mask->operands[1]) || strcmp(line->mnemonic, "movq") || line->operand_count != 2)
        return false;
    char word[WORD_MAX];
    snprintf(word, sizeof(word), "(%s)", mask->operands[1]);
    return strcmp(line->operands[0], word) == 0 || strcmp(line->operands[1], word) == 0;
}

void rewrite_memory(struct file *file, struct line *line) {
    if (starts(line->mnemonic, "nop") || is_stack_word(file->lines, line))
        return;
    if (starts(line->mnemonic, "lea")) {
        if (line->operand_count == 2 && strstr(line->operands[0], "%rsp") && !is_stack_move(line))
            refuse_line(file, line, "the address of the control stack cannot be taken");
        return;
    }
    bool bit_test = line->mnemonic[0] == 'b' && line->mnemonic[1] == 't';
    for (int i = 0; i < line->operand_count; i++) {
        const char *operand = line->operands[i];
        if (operand[0] == '$' || (operand[0] == '%' && !strchr(operand, ':')))
            continue;
        if (bit_test && line->operands[0][0] == '%')
            refuse_line(file, line, "a bit test in memory with its offset in a register reaches beyond its operand");
        else if (starts(line->mnemonic, "push") || starts(line->mnemonic, "pop"))
            refuse_line(file, line, "push and pop take registers only");
        else
            rewrite_operand(file, line, i);
    }
}
