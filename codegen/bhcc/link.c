// SPDX-License-Identifier: MIT
//
// Objects to an image: a static position-independent ELF with text, read-only data and data on pages of their own, and the note that
// tells where the function table is. Then the verifier has its say, so that mistakes show at the desk.
#include <stdio.h>
#include <unistd.h>

#include "codegen/bhcc/bhcc.h"

static const char *const linker_flags[] = {"-pie", "-static", "--no-dynamic-linker", "-z", "noexecstack", "-z", "separate-code",
                                           "-z", "norelro", "-z", "text", "-z", "max-page-size=4096", "--image-base=0x20000",
                                           "--apply-dynamic-relocs", "--eh-frame-hdr", "--build-id=none", "--gc-sections",
                                           "--no-undefined", "-e", "bh_start", "--hash-style=gnu", "--error-limit=0"};

static void add_library(struct arguments *command, const char *name) {
    const char *path = library(name);
    if (path)
        arguments_add(command, path);
}

static int verify(const struct options *options, const char *image) {
    struct arguments command = {0};
    const char *verifier = tool("bhverify");
    if (options->no_verify || access(verifier, X_OK) != 0)
        return 0;
    arguments_add(&command, verifier);
    arguments_add(&command, "--quiet");
    arguments_add(&command, image);
    return run(options, &command);
}

int link_image(const struct options *options, const struct arguments *objects) {
    struct arguments command = {0};
    const char *output = options->output ? options->output : "a.out";
    arguments_add(&command, "ld.lld-19");
    for (size_t i = 0; i < sizeof(linker_flags) / sizeof(*linker_flags); i++)
        arguments_add(&command, linker_flags[i]);
    arguments_add(&command, "-o");
    arguments_add(&command, output);
    add_library(&command, "note.o");
    if (!options->no_standard_libraries) {
        add_library(&command, "start.o");
        arguments_add(&command, "--undefined=bh_inject"); // nobody calls it but the kernel
    }
    arguments_add_all(&command, objects);
    arguments_add_all(&command, &options->link);
    if (!options->no_standard_libraries) {
        arguments_add(&command, "--start-group");
        add_library(&command, "libbulkhead.a");
        add_library(&command, "libc.a");
        arguments_add(&command, "--end-group");
    }
    int status = run(options, &command);
    if (!status)
        status = verify(options, output);
    if (status)
        unlink(output);
    return status;
}
