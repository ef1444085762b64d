// SPDX-License-Identifier: MIT
//
// libFuzzer's mutations of images: they know the parts of the file and the instructions of the text, so that most of what they make is
// nearly right.
#ifndef EXECUTION_MUTATE_H
#define EXECUTION_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_MAX 65536u
#define INSTRUCTIONS_MAX 4096u

// Where things are in a file that looks like an image; offsets. What is not there has size or count 0.
struct parts {
    size_t text, text_size;
    uint64_t text_address;
    size_t headers, header_count; // program headers
    size_t notes, notes_size;
    size_t table, table_count;    // of functions
    size_t dynamic, dynamic_count;
    size_t relocations, relocation_count;
};

// execution.c: does the verifier accept this (in colour gs)?
bool is_accepted(const uint8_t *data, size_t size);

// parts.c. False: no ELF file with a text.
bool parts_of(const uint8_t *data, size_t size, struct parts *p);
// The offset in the file of an address of memory; SIZE_MAX when no segment has it.
size_t parts_offset(const uint8_t *data, size_t size, const struct parts *p, uint64_t address, size_t wanted);

// text.c: one change of the text
void mutate_text(uint8_t *data, const struct parts *p);
// A piece of another text over a piece of this one.
void splice_text(uint8_t *data, const struct parts *p, const uint8_t *other, const struct parts *q);
// tables.c: one change of a jump table, or of the jump's view of it. False: there seems to be none.
bool mutate_table(uint8_t *data, size_t size, const struct parts *p);
// headers.c: one change of headers, notes, function table, relocations
void mutate_headers(uint8_t *data, size_t size, const struct parts *p);

#endif
