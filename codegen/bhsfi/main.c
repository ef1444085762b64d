// SPDX-License-Identifier: MIT
//
// bhsfi: rewrites clang's assembly text into the form that the verifier accepts (docs/verified-code.md). Not trusted.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/bhsfi/sfi.h"

static const char usage[] = "usage: bhsfi [--hardened] [--no-tables] INPUT.s -o OUTPUT.s\n"
                            "Rewrite memory operands, indirect calls and string instructions into their verified form, and list\n"
                            "all functions in section bh_functions. With --hardened no indirect branch can be led astray by\n"
                            "speculation. With --no-tables all indirect jumps are refused, with their place. Part of bhcc; see docs/verified-code.md.\n"
                            "Exit status: 0, 1 after a message, or 3 after printing names of functions that must be compiled without jump\n"
                            "tables: one is in a form that is not known here, or the file is to be hardened.\n";

enum { WITHOUT_TABLES = 3 }; // exit status

static void note_section(struct file *file, const char *text) {
    if (strcmp(text, ".text") == 0)
        snprintf(file->section, sizeof(file->section), ".text");
    else if (strncmp(text, ".section", 8) == 0) {
        text += 8 + strspn(text + 8, " \t");
        snprintf(file->section, sizeof(file->section), "%.*s", (int)strcspn(text, ","), text);
    }
}

// `.file N "directory" "name" ...` and `.loc N line ...`, for messages.
static void note_source(struct file *file, const char *text) {
    int number, line;
    char first[512] = "", second[512] = "";
    if (sscanf(text, ".loc %d %d", &number, &line) == 2) {
        file->source_file = number;
        file->source_line = line;
        return;
    }
    int parts = sscanf(text, ".file %d \"%511[^\"]\" \"%511[^\"]\"", &number, first, second);
    if (parts >= 2 && number >= 0 && number < 4096) {
        free((void *)file->source_names[number]);
        file->source_names[number] = strdup(parts == 3 ? second : first);
    }
}

static bool is_trap_section(const char *text) {
    return strncmp(text, ".section", 8) == 0 && strstr(text, ".kcfi_traps");
}

static void directive(struct file *file, const struct line *line, char *announced) {
    if (announces_function(line->text, announced))
        ;
    else
        note_section(file, line->text);
    note_source(file, line->text);
    emit(file, "\t%s", line->text);
}

static void label(struct file *file, const struct line *line, const char *announced) {
    emit(file, "%s", line->text);
    size_t length = strlen(announced);
    if (!length || strncmp(line->text, announced, length) || strcmp(line->text + length, ":"))
        return;
    snprintf(file->function, sizeof(file->function), "%s", announced);
    file->source_line = 0;
    emit(file, "\t.pushsection bh_functions,\"ao\",@progbits,%s\n\t.p2align 2\n\t.long %s - .\n\t.popsection", file->section, announced);
}

// clang writes tzcnt as `rep bsf'. An assembler would put that prefix in front of those of the address, where the verifier has none.
static void name_tzcnt(struct line *line) {
    if (strcmp(line->prefix, "rep") || strncmp(line->mnemonic, "bsf", 3))
        return;
    char suffix = line->mnemonic[3];
    snprintf(line->mnemonic, sizeof(line->mnemonic), "tzcnt%c", suffix);
    line->prefix[0] = 0;
}

// An atomic operation that changes nothing and whose result nobody wants is written by clang as a locked `or' of 0 with the top of the stack, for the order of
// memory accesses alone. That is a fence.
static void name_fence(struct line *line) {
    if (strcmp(line->prefix, "lock") || strcmp(line->mnemonic, "orl") || line->operand_count != 2 || strcmp(line->operands[0], "$0") ||
        strcmp(line->operands[1], "(%rsp)"))
        return;
    snprintf(line->mnemonic, sizeof(line->mnemonic), "mfence");
    line->prefix[0] = 0;
    line->operand_count = 0;
}

static void instruction(struct file *file, struct line *line, size_t index) {
    name_tzcnt(line);
    name_fence(line);
    if (rewrite_outgoing(file, index))
        return;
    const char *why = forbidden(file, index);
    if (why)
        refuse_line(file, line, "%s", why);
    if (is_branch(line->mnemonic)) {
        if (line->operand_count && line->operands[0][0] == '*' && strncmp(line->operands[0], "*%gs:", 5))
            refuse_line(file, line, "an indirect branch without a type check; compile C with bhcc only");
        if (!rewrite_table_branch(file, line))
            emit_instruction(file, line);
        return;
    }
    if (rewrite_string(file, index))
        return;
    rewrite_memory(file, line);
    emit_instruction(file, line);
}

static void rewrite(struct file *file) {
    char announced[256] = "";
    snprintf(file->section, sizeof(file->section), ".text");
    for (size_t i = 0; i < file->count;) {
        struct line *line = &file->lines[i];
        if (line->before)
            emit(file, "%s", line->before);
        if (line->instead) {
            emit(file, "%s", line->instead);
            i++;
            continue;
        }
        if (line->kind == LINE_INSTRUCTION) {
            size_t behind = rewrite_call(file, i);
            if (behind == i)
                instruction(file, line, behind++);
            i = behind;
            continue;
        }
        if (line->kind == LINE_LABEL)
            label(file, line, announced);
        else if (!is_trap_section(line->text))
            directive(file, line, announced);
        i++;
    }
}

int main(int argc, char **argv) {
    static struct file file;
    const char *input = NULL, *output = NULL;
    bool no_tables = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--hardened") == 0)
            file.hardened = true;
        else if (strcmp(argv[i], "--no-tables") == 0)
            no_tables = true;
        else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
            output = argv[++i];
        else if (argv[i][0] != '-' && !input)
            input = argv[i];
        else {
            input = NULL;
            break;
        }
    }
    if (!input || !output) {
        fputs(usage, stderr);
        return 2;
    }
    if (file_read(&file, input) < 0)
        return 1;
    if (!no_tables && !rewrite_tables(&file))
        return WITHOUT_TABLES;
    file.out = fopen(output, "w");
    if (!file.out) {
        fprintf(stderr, "bhsfi: %s: %s\n", output, strerror(errno));
        return 1;
    }
    chase_pointers(&file);
    rewrite(&file);
    bool failed = ferror(file.out) | fclose(file.out);
    if (failed)
        fprintf(stderr, "bhsfi: %s: cannot be written (disk full?)\n", output);
    if (failed || file.errors)
        remove(output);
    return failed || file.errors;
}
