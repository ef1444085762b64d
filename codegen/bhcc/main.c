// SPDX-License-Identifier: MIT
//
// bhcc: the compiler driver for domains. Used like gcc; see --help.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/bhcc/bhcc.h"

// "dir/name.c" -> "name<suffix>", as compilers do.
static const char *default_output(const char *input, const char *suffix) {
    const char *slash = strrchr(input, '/');
    const char *name = slash ? slash + 1 : input;
    const char *dot = strrchr(name, '.');
    char *output = malloc(strlen(name) + strlen(suffix) + 1);
    sprintf(output, "%.*s%s", (int)(dot ? dot - name : (long)strlen(name)), name, suffix);
    return output;
}

static int compile_all(const struct options *options, struct arguments *objects) {
    for (size_t i = 0; i < options->inputs.count; i++) {
        const char *input = options->inputs.list[i];
        const char *output = options->output;
        if (options->stage == STAGE_LINK)
            output = temporary(".o");
        else if (!output)
            output = default_output(input, options->stage == STAGE_OBJECT ? ".o" : ".s");
        int status = compile(options, input, output);
        if (status)
            return status;
        arguments_add(objects, output);
    }
    return 0;
}

int main(int argc, char **argv) {
    struct options options = {0};
    struct arguments objects = {0};
    int status = options_parse(argc, argv, &options);
    if (status)
        return status;
    atexit(temporaries_remove);
    status = compile_all(&options, &objects);
    if (!status && options.stage == STAGE_LINK)
        status = link_image(&options, &objects);
    return status;
}
