// SPDX-License-Identifier: MIT
//
// Between the parts of the compiler driver.
#ifndef BHCC_H
#define BHCC_H

#include <stdbool.h>
#include <stddef.h>

// A growing list of arguments for a program; NULL terminated.
struct arguments {
    char **list;
    size_t count;
};
void arguments_add(struct arguments *arguments, const char *text);
void arguments_add_all(struct arguments *arguments, const struct arguments *more);

enum stage { STAGE_PREPROCESS, STAGE_ASSEMBLY, STAGE_OBJECT, STAGE_LINK };

struct options {
    enum stage stage;
    const char *output;
    struct arguments compile;  // for clang, C to bitcode
    struct arguments link;     // libraries and linker options, in order, with object files
    struct arguments lower;    // for bhlower
    struct arguments inputs;   // sources
    bool no_standard_libraries, no_verify, verbose, debug, dependencies, has_depfile;
    bool hardened;             // indirect branches in the form that speculation does not get past
    bool plain;                // clang's own code, for domains that something else isolates
    bool both;                 // beside each object OUTPUT its hardened twin, OUTPUT.hardened, where the two differ
    const char *optimization;  // "-O2"
};

// options.c: 0, or an exit status after a message. --help and --version end the program.
int options_parse(int argc, char **argv, struct options *options);

// run.c
int run(const struct options *options, const struct arguments *command); // exit status of the program
// The same, with what it writes to `stream` (1 or 2) in `text`, cut to `capacity` bytes with the NUL.
int run_captured(const struct options *options, const struct arguments *command, int stream, char *text, size_t capacity);
const char *tool(const char *name);       // a sibling program
const char *library(const char *name);    // a file of the domain library directory, NULL when it is not there
const char *temporary(const char *suffix); // name of a file that goes away at the end
void temporaries_remove(void);

// compile.c, link.c
int compile(const struct options *options, const char *input, const char *output);
int compile_plain(const struct options *options, const char *input, const char *output); // plain.c
void add_headers(const struct options *options, struct arguments *command);
void add_dependencies(const struct options *options, struct arguments *command, const char *object);
int link_image(const struct options *options, const struct arguments *objects);

#endif
