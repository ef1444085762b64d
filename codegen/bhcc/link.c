// SPDX-License-Identifier: MIT
//
// Objects to an image: a static position-independent ELF with text, read-only data and data on pages of their own, and the note that
// tells where the function table is. Then the verifier has its say, so that mistakes show at the desk.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "codegen/bhcc/bhcc.h"

static const char *const linker_flags[] = {"-pie", "-static", "--no-dynamic-linker", "-z", "noexecstack", "-z", "separate-code",
                                           "-z", "norelro", "-z", "text", "-z", "max-page-size=4096", "--image-base=0x20000",
                                           "--apply-dynamic-relocs", "--eh-frame-hdr", "--build-id=none", "--gc-sections",
                                           "--no-undefined", "-e", "bh_start", "--hash-style=gnu", "--error-limit=0"};

#define ORDERS 8 // of functions, that are tried

// Plain images have libraries of their own.
static void add_library(const struct options *options, struct arguments *command, const char *name) {
    char in_folder[64];
    snprintf(in_folder, sizeof(in_folder), "%s%s", options->plain ? "plain/" : "", name);
    const char *path = library(in_folder);
    if (path)
        arguments_add(command, path);
}

// Print "FILE:LINE: error: " for the place in an image that the verifier's message names, when its debug information knows it.
static void print_place(const struct options *options, const char *image, const char *message) {
    struct arguments command = {0};
    char text[4096], place[64];
    unsigned long long offset;
    const char *at = strstr(message, ": 0x");
    if (!at || sscanf(at, ": 0x%llx:", &offset) != 1)
        return;
    snprintf(place, sizeof(place), "0x%llx", offset);
    arguments_add(&command, "llvm-symbolizer-19");
    arguments_add(&command, "--functions=none");
    arguments_add(&command, "--relativenames");
    arguments_add(&command, "--no-inlines");
    arguments_add(&command, "-e");
    arguments_add(&command, image);
    arguments_add(&command, place);
    if (run_captured(options, &command, STDOUT_FILENO, text, sizeof(text)) || strncmp(text, "??", 2) == 0)
        return;
    text[strcspn(text, "\n")] = 0;
    char *column = strrchr(text, ':');
    if (column)
        *column = 0;
    fprintf(stderr, "%s: error: the verifier refuses this:\n", text);
}

static int verify(const struct options *options, const char *image, char *message, size_t capacity) {
    struct arguments command = {0};
    const char *verifier = tool("bhverify");
    message[0] = 0;
    if (options->no_verify || access(verifier, X_OK) != 0)
        return 0;
    arguments_add(&command, verifier);
    arguments_add(&command, "--quiet");
    arguments_add(&command, image);
    return run_captured(options, &command, STDERR_FILENO, message, capacity);
}

// With --hardened the twin of an object or library is taken where there is one (`bhcc --both'): FILE.o.hardened instead of FILE.o, and
// FILE-hardened.a in front of FILE.a.
static void add_twins(struct arguments *command, const struct arguments *files) {
    for (size_t i = 0; i < files->count; i++) {
        const char *name = files->list[i];
        size_t length = strlen(name);
        bool is_library = length > 2 && strcmp(name + length - 2, ".a") == 0;
        char twin[4096];
        snprintf(twin, sizeof(twin), "%.*s%s", (int)(is_library ? length - 2 : length), name, is_library ? "-hardened.a" : ".hardened");
        bool has_twin = name[0] != '-' && access(twin, R_OK) == 0;
        if (has_twin)
            arguments_add(command, twin);
        if (!has_twin || is_library)
            arguments_add(command, name);
    }
}

static int link_once(const struct options *options, const struct arguments *objects, const char *output, const char *order) {
    struct arguments command = {0};
    arguments_add(&command, "ld.lld-19");
    for (size_t i = 0; i < sizeof(linker_flags) / sizeof(*linker_flags); i++)
        arguments_add(&command, linker_flags[i]);
    arguments_add(&command, "-o");
    arguments_add(&command, output);
    add_library(options, &command, "note.o");
    if (options->hardened)
        add_library(options, &command, "hardened.o");
    if (!options->no_standard_libraries) {
        add_library(options, &command, "start.o");
        arguments_add(&command, "--undefined=bh_inject"); // nobody calls it but the kernel
    }
    arguments_add_all(&command, objects);
    if (options->hardened)
        add_twins(&command, &options->link);
    else
        arguments_add_all(&command, &options->link);
    if (!options->no_standard_libraries) {
        arguments_add(&command, "--start-group");
        if (options->hardened) { // the objects in which it makes a difference
            add_library(options, &command, "libbulkhead-hardened.a");
            add_library(options, &command, "libc-hardened.a");
        }
        add_library(options, &command, "libbulkhead.a");
        add_library(options, &command, "libc.a");
        arguments_add(&command, "--end-group");
    }
    if (order)
        arguments_add(&command, order);
    return run(options, &command);
}

// In a big image some distance between two places may happen to have the bytes of a type label. With the functions in another order the
// distances are others.
int link_image(const struct options *options, const struct arguments *objects) {
    const char *output = options->output ? options->output : "a.out";
    char message[1024], order[64];
    int status = link_once(options, objects, output, NULL);
    if (status)
        return status;
    status = verify(options, output, message, sizeof(message));
    for (int attempt = 1; status && strstr(message, ": LABEL: ") && attempt <= ORDERS; attempt++) {
        snprintf(order, sizeof(order), "--shuffle-sections=.text.*=%d", attempt);
        if (link_once(options, objects, output, order) == 0)
            status = verify(options, output, message, sizeof(message));
    }
    if (status)
        print_place(options, output, message);
    fputs(message, stderr);
    if (status)
        unlink(output);
    return status;
}
