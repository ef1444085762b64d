// SPDX-License-Identifier: MIT
//
// The plain flavour: clang's code as it comes, with its objects on an ordinary stack, which lies in the slot. Nothing in it confines the domain;
// what does is said in the manifest (docs/mechanisms.md). Frame pointers are kept, since backtraces of plain domains follow them: unwind tables
// would have to be believed together with a stack that the domain can write.
#include <string.h>

#include "codegen/bhcc/bhcc.h"

static const char *const plain_flags[] = {"-fPIE", "-fno-stack-protector", "-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer", "-femulated-tls", "-fvisibility=hidden",
                                          "-march=x86-64", "-msse3", "-mcx16", "-fcf-protection=none", "-ffunction-sections", "-fdata-sections",
                                          "-fno-exceptions", "-fno-asynchronous-unwind-tables", "-D__BULKHEAD__=1", "-D__BULKHEAD_PLAIN__=1"};

int compile_plain(const struct options *options, const char *input, const char *output) {
    struct arguments command = {0};
    const char *dot = strrchr(input, '.');
    arguments_add(&command, "clang-19");
    arguments_add(&command, options->stage == STAGE_ASSEMBLY ? "-S" : "-c");
    arguments_add_all(&command, &options->compile);
    add_headers(options, &command);
    arguments_add(&command, options->optimization);
    for (size_t i = 0; i < sizeof(plain_flags) / sizeof(*plain_flags); i++)
        arguments_add(&command, plain_flags[i]);
    arguments_add(&command, "-Wno-unused-command-line-argument");
    if (dot && !strcmp(dot, ".c"))
        add_dependencies(options, &command, output);
    arguments_add(&command, input);
    arguments_add(&command, "-o");
    arguments_add(&command, output);
    return run(options, &command);
}
