// SPDX-License-Identifier: MIT
//
// labels.c: one declaration for each function that the kernel enters a domain by, with the type that the domain's compiler gives it. The build
// compiles it with -fsanitize=kcfi and keeps the labels alone, so that there is one opinion on what a type's label is: the compiler's.
#include "codegen/bhidl/emit.h"

static void print_method(FILE *file, const struct interface *interface, const struct method *method) {
    const char *name = snake(interface->name);
    if (method_needs_glue(method)) {
        fprintf(file, "struct bh_result bh_%s_%s(uint64_t object", name, method->name);
        print_word_parameters(file, method);
    } else {
        fprintf(file, "enum bh_error bh_%s_%s(void *object", name, method->name);
        print_parameters(file, method);
    }
    fputs(");\n", file);
}

bool emit_labels(const char *folder) {
    FILE *file = open_output("//", "%s/labels.c", folder);
    if (!file)
        return false;
    for (const struct source *one = program.sources; one; one = one->next)
        fprintf(file, "#include \"%s.h\"\n", one->name);
    fputs("\n" RESULT_TYPE
          "void bh_thread(uint64_t argument);\nstruct bh_result bh_left_out(void);\n", file);
    for (const struct interface *one = program.interfaces; one; one = one->next)
        for (const struct method *method = one->methods; !one->kernel && method; method = method->next)
            print_method(file, one, method);
    fputs("\nvoid *const entered[] = {\n    bh_thread,\n    bh_left_out,\n", file);
    for (const struct interface *one = program.interfaces; one; one = one->next)
        for (const struct method *method = one->methods; !one->kernel && method; method = method->next)
            fprintf(file, "    bh_%s_%s,\n", snake(one->name), method->name);
    fputs("};\n", file);
    return close_output(file);
}
