// SPDX-License-Identifier: MIT
//
// Between the parts of bhsfi: an assembly file as an array of lines, and what each part does to it.
#ifndef BHSFI_H
#define BHSFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum line_kind { LINE_OTHER, LINE_LABEL, LINE_INSTRUCTION };

enum { OPERANDS_MAX = 5, WORD_MAX = 64 };

struct line {
    enum line_kind kind;
    char *text;                // whole line, without comment and newline
    char prefix[WORD_MAX];     // "lock", "rep", ... or ""
    char mnemonic[WORD_MAX];   // of an instruction; name of a label
    char *operands[OPERANDS_MAX];
    int operand_count;
    char *before, *instead;    // text to print in front of the line, and in its place; NULL: none
    bool is_case;              // a label that a jump table leads to
    bool is_table_jump;        // goes through a jump table
};

struct file {
    const char *name;
    struct line *lines;
    size_t count;
    FILE *out;
    // Where we are, for messages.
    char function[256];
    char section[256];
    const char *source_names[4096];
    int source_file, source_line;
    unsigned errors;
    bool hardened; // indirect branches in the form that speculation does not get past
};

// asm.c
int file_read(struct file *file, const char *name);
void refuse_line(struct file *file, const struct line *line, const char *format, ...) __attribute__((format(printf, 3, 4)));
void emit(struct file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
void emit_instruction(struct file *file, const struct line *line);
// Number of the general register that a name of any width stands for, -1 when it is none. No '%'.
enum { REGISTERS = 16, STACK_REGISTER = 4 };
int register_number(const char *name, size_t length);
const char *register_name(int number, int bits); // of 64 or 32 bits
uint16_t registers_named(const char *operand);   // that occur in it, as a set of bits
// Name of the 32-bit part of a general register of 64 or 32 bits ("rax" -> "eax"); NULL when it is none, or %rsp. No '%'.
const char *register_32(const char *name);
// `.type NAME,@function` announces that label NAME, of less than 256 bytes, starts a function.
bool announces_function(const char *text, char *name);
bool starts(const char *text, const char *with);
bool is_branch(const char *mnemonic); // or call
bool is_call(const struct line *line);
bool is_jump(const struct line *line);
bool ends_flow(const struct line *line); // does control never go on behind it?
// Next line at or behind `index` that is an instruction, skipping labels and directives of no effect; count when none.
size_t next_instruction(const struct file *file, size_t index);

// memory.c: rewrite the operands of one instruction in place
void rewrite_memory(struct file *file, struct line *line);
bool is_stack_word(const struct line *lines, const struct line *line); // the data stack idiom's last instruction
// tables.c: jumps through tables become their verified form. False: some functions, whose names are printed, cannot have them: the form is
// not known, or the file is to be hardened
bool rewrite_tables(struct file *file);
// chase.c: loops that follow pointers take the base from a register
void chase_pointers(struct file *file);
// calls.c: if a checked indirect call starts at `index`, emit its verified form and return the index behind it, else `index`
size_t rewrite_call(struct file *file, size_t index);
// The same for a branch through the table, which only hardened code has another form for: emitted, and true, or false.
bool rewrite_table_branch(struct file *file, const struct line *line);
// forbidden.c: why an instruction of inline assembly can never be verified; NULL when it may
bool is_stack_move(const struct line *line); // of `lea': N(%rsp), %rsp
const char *forbidden(const struct file *file, size_t index);
// outgoing.c: if the line copies %rsp to store arguments by, rewrite those stores and return true: the line goes
bool rewrite_outgoing(struct file *file, size_t index);
// strings.c: if the line is a string instruction, emit its verified form and return true
bool rewrite_string(struct file *file, size_t index);

#endif
