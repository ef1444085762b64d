// SPDX-License-Identifier: MIT
//
// Reading and writing assembly text: enough of the AT&T syntax that clang prints, and that people write in inline assembly.
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/bhsfi/sfi.h"

static const char *const names_64[REGISTERS] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const names_32[REGISTERS] = {"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                                "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};

// Of 16 or 8 bits: "ax", "al", "ah", "sil", "r8w", "r8b".
static int narrow_number(const char *name, size_t length) {
    for (int i = 0; i < REGISTERS; i++) {
        const char *wide = names_64[i] + (i < 8);
        size_t size = strlen(wide);
        if (i >= 8 && length == size + 1 && !strncmp(name, wide, size) && (name[size] == 'w' || name[size] == 'b'))
            return i;
        if (i < 8 && !strncmp(name, wide, size) && (length == size || (length == size + 1 && name[size] == 'l')))
            return i;
        if (i < 4 && length == 2 && name[0] == wide[0] && (name[1] == 'l' || name[1] == 'h'))
            return i;
    }
    return -1;
}

int register_number(const char *name, size_t length) {
    for (int i = 0; i < REGISTERS; i++)
        if ((strlen(names_64[i]) == length && !strncmp(name, names_64[i], length)) ||
            (strlen(names_32[i]) == length && !strncmp(name, names_32[i], length)))
            return i;
    return narrow_number(name, length);
}

const char *register_name(int number, int bits) {
    return bits == 64 ? names_64[number] : names_32[number];
}

uint16_t registers_named(const char *operand) {
    uint16_t named = 0;
    for (const char *at = strchr(operand, '%'); at; at = strchr(at + 1, '%')) {
        int number = register_number(at + 1, strcspn(at + 1, ",) "));
        if (number >= 0)
            named |= (uint16_t)(1u << number);
    }
    return named;
}

const char *register_32(const char *name) {
    int number = register_number(name, strlen(name));
    bool wide = number >= 0 && (!strcmp(name, names_64[number]) || !strcmp(name, names_32[number]));
    return wide && number != STACK_REGISTER ? names_32[number] : NULL;
}

bool starts(const char *text, const char *with) {
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

bool is_branch(const char *mnemonic) {
    return mnemonic[0] == 'j' || strncmp(mnemonic, "call", 4) == 0 || strncmp(mnemonic, "loop", 4) == 0;
}

static char *trim(char *text) {
    while (isspace((unsigned char)*text))
        text++;
    size_t size = strlen(text);
    while (size && isspace((unsigned char)text[size - 1]))
        text[--size] = 0;
    return text;
}

static void cut_comment(char *text) {
    bool quoted = false;
    for (char *c = text; *c; c++) {
        if (*c == '\\' && quoted && c[1])
            c++;
        else if (*c == '"')
            quoted = !quoted;
        else if (*c == '#' && !quoted) {
            *c = 0;
            return;
        }
    }
}

static bool is_prefix(const char *word) {
    static const char *const prefixes[] = {"lock", "rep", "repe", "repz", "repne", "repnz", "notrack", "data16", "xacquire", "xrelease"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
        if (strcmp(word, prefixes[i]) == 0)
            return true;
    return false;
}

static void split_operands(struct line *line, char *text) {
    int depth = 0;
    char *start = text;
    for (char *c = text;; c++) {
        if (*c == '(')
            depth++;
        else if (*c == ')')
            depth--;
        if (*c && !(*c == ',' && depth == 0))
            continue;
        bool last = !*c;
        *c = 0;
        char *operand = trim(start);
        if (*operand && line->operand_count < OPERANDS_MAX)
            line->operands[line->operand_count++] = strdup(operand);
        if (last)
            return;
        start = c + 1;
    }
}

static void parse_instruction(struct line *line, char *text) {
    line->kind = LINE_INSTRUCTION;
    for (;;) {
        size_t length = strcspn(text, " \t");
        if (length >= WORD_MAX)
            length = WORD_MAX - 1;
        memcpy(line->mnemonic, text, length);
        line->mnemonic[length] = 0;
        text = trim(text + length);
        if (!is_prefix(line->mnemonic) || !*text)
            break;
        if (line->prefix[0])
            strncat(line->prefix, " ", WORD_MAX - strlen(line->prefix) - 1);
        strncat(line->prefix, line->mnemonic, WORD_MAX - strlen(line->prefix) - 1);
    }
    split_operands(line, text);
}

static struct line *append(struct file *file) {
    if ((file->count & (file->count + 1)) == 0)
        file->lines = realloc(file->lines, (2 * file->count + 2) * sizeof(*file->lines));
    struct line *line = &file->lines[file->count++];
    *line = (struct line){0};
    return line;
}

// A label at the start of `text`: its length without the colon, 0 when there is none.
static size_t label_length(const char *text) {
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$@");
    if (*text == '"') {
        const char *end = strchr(text + 1, '"');
        length = end ? (size_t)(end - text) + 1 : 0;
    }
    return length && text[length] == ':' ? length : 0;
}

// One statement (no newline, no comment). A prefix that stands alone waits in *carry for its instruction.
static void parse_statement(struct file *file, char *statement, char *carry) {
    char *text = trim(statement);
    size_t length;
    while ((length = label_length(text)) != 0) {
        struct line *line = append(file);
        line->kind = LINE_LABEL;
        line->text = strndup(text, length + 1);
        snprintf(line->mnemonic, sizeof(line->mnemonic), "%.*s", (int)length, text);
        text = trim(text + length + 1);
    }
    if (!*text)
        return;
    if (*text == '.' || strchr(text, '=') == text + strcspn(text, " \t=")) {
        append(file)->text = strdup(text);
        return;
    }
    if (is_prefix(text)) {
        snprintf(carry, WORD_MAX, "%s", text);
        return;
    }
    struct line *line = append(file);
    line->text = strdup(text);
    snprintf(line->prefix, sizeof(line->prefix), "%s", carry);
    carry[0] = 0;
    parse_instruction(line, text);
}

static void parse_line(struct file *file, char *text, char *carry) {
    cut_comment(text);
    char *start = trim(text);
    if (*start == '.') { // directives may hold semicolons in strings
        parse_statement(file, start, carry);
        return;
    }
    char *save = NULL;
    for (char *part = strtok_r(start, ";", &save); part; part = strtok_r(NULL, ";", &save))
        parse_statement(file, part, carry);
}

int file_read(struct file *file, const char *name) {
    FILE *in = fopen(name, "r");
    char *text = NULL, carry[WORD_MAX] = "";
    size_t capacity = 0;
    file->name = name;
    if (!in) {
        fprintf(stderr, "bhsfi: %s: %s\n", name, strerror(errno));
        return -1;
    }
    while (getline(&text, &capacity, in) > 0)
        parse_line(file, text, carry);
    free(text);
    fclose(in);
    return 0;
}

void refuse_line(struct file *file, const struct line *line, const char *format, ...) {
    const char *source = file->source_file >= 0 && file->source_file < 4096 ? file->source_names[file->source_file] : NULL;
    va_list arguments;
    if (source && file->source_line)
        fprintf(stderr, "%s:%d: error: in function %s: ", source, file->source_line, file->function);
    else
        fprintf(stderr, "%s: error: in function %s (compile with -g for the line): ", file->name, file->function);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, ": `%s'\n", line->text);
    file->errors++;
}

void emit(struct file *file, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file->out, format, arguments);
    va_end(arguments);
    fputc('\n', file->out);
}

void emit_instruction(struct file *file, const struct line *line) {
    fprintf(file->out, "\t%s%s%s", line->prefix, line->prefix[0] ? " " : "", line->mnemonic);
    for (int i = 0; i < line->operand_count; i++)
        fprintf(file->out, "%s%s", i ? ", " : "\t", line->operands[i]);
    fputc('\n', file->out);
}

size_t next_instruction(const struct file *file, size_t index) {
    while (index < file->count && file->lines[index].kind != LINE_INSTRUCTION)
        index++;
    return index;
}

bool announces_function(const char *text, char *name) {
    if (strncmp(text, ".type", 5) != 0 || !strstr(text, "@function"))
        return false;
    text += 5 + strspn(text + 5, " \t");
    size_t length = strcspn(text, ", \t");
    if (length >= 256 || strncmp(text, "__cfi_", 6) == 0)
        return false;
    memcpy(name, text, length);
    name[length] = 0;
    return true;
}
