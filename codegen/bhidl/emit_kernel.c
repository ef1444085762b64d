// SPDX-License-Identifier: MIT
//
// Kernel interfaces: for each method a function that its gate calls, which checks the capability, copies structures from and to the caller's
// slot, sees that they have the values that their types allow, and calls serve_<interface>_<method>() of the kernel.
#include "codegen/bhidl/emit.h"
#include "kernel/abi/cap.h"

static void print_serve_parameter(FILE *file, const struct parameter *one) {
    if (one->kind == PARAMETER_CAP)
        fprintf(file, "struct cap *%s", one->name);
    else
        print_parameter(file, one);
}

static bool emit_serve_header(const char *folder, const struct source *input) {
    FILE *file = open_output("//", "%s/include/%s_kernel.h", folder, input->name);
    if (!file)
        return false;
    fprintf(file, "#ifndef BH_IDL_%s_KERNEL_H\n#define BH_IDL_%s_KERNEL_H\n\n#include \"%s.h\"\n\nstruct cap;\nstruct domain;\n\n",
            capitals(input->name), capitals(input->name), input->name);
    for (const struct interface *one = program.interfaces; one; one = one->next)
        for (const struct method *method = one->methods; one->kernel && one->source == input && method; method = method->next) {
            fprintf(file, "enum bh_error serve_%s_%s(struct domain *caller, uint64_t object", snake(one->name), method->name);
            for (const struct parameter *parameter = method->parameters; parameter; parameter = parameter->next) {
                fputs(", ", file);
                print_serve_parameter(file, parameter);
            }
            fputs(");\n", file);
        }
    fputs("\n#endif\n", file);
    return close_output(file);
}

static const char *cap_type(const struct parameter *one) {
    const char *name = one->type->name;
    if (!__builtin_strcmp(name, "Event"))
        return "BH_CAP_EVENT";
    if (!__builtin_strcmp(name, "Buffer"))
        return "BH_CAP_BUFFER";
    return !__builtin_strcmp(name, "Ring") ? "BH_CAP_RING" : "BH_CAP_EMPTY";
}

static void print_fetch(FILE *file, const struct interface *interface, const struct method *method, const struct parameter *one) {
    const char *name = one->name;
    unsigned long long bound = one->type->bound;
    if (one->kind == PARAMETER_CAP)
        fprintf(file, "    struct cap *%s;\n    if (!error)\n        error = caps_get(caller, \"%s.%s\", (bh_cap)word%d, %s, %u, &%s);\n", name,
                snake(interface->name), method->name, one->word, cap_type(one), one->type->rights, name);
    else if (one->kind == PARAMETER_OUT && one->type->kind == TYPE_BYTES)
        fprintf(file, "    struct {\n        uint64_t size;\n        uint8_t data[%llu];\n    } %s = {0};\n    uint32_t %s_size = 0;\n",
                (bound + 7) & ~7ull, name, name);
    else if (one->kind == PARAMETER_OUT && is_scalar(one->type))
        fprintf(file, "    %s %s = 0;\n", c_type(one->type), name);
    else if (one->kind == PARAMETER_OUT && one->type->kind == TYPE_STRING)
        fprintf(file, "    char %s[%llu] = {0};\n", name, (bound + 7) & ~7ull);
    else if (one->kind == PARAMETER_OUT)
        fprintf(file, "    %s %s;\n    memset(&%s, 0, sizeof(%s));\n", c_type(one->type), name, name, name);
    else if (one->type->kind == TYPE_STRING)
        fprintf(file, "    char %s[%llu];\n    if (!error)\n        error = slot_read(caller, %s, word%d, sizeof(%s));\n", name, bound, name, one->word, name);
    else if (one->type->kind == TYPE_BYTES)
        fprintf(file, "    uint8_t %s[%llu];\n    if (!error && word%d > sizeof(%s))\n        error = refuse(BH_ERANGE, \"%s.%s: %%llu bytes, the "
                      "limit is %llu\", (unsigned long long)word%d);\n    if (!error)\n        error = slot_read(caller, %s, word%d, word%d);\n",
                name, bound, one->word + 1, name, snake(interface->name), method->name, bound, one->word + 1, name, one->word, one->word + 1);
    else if (one->type->kind == TYPE_STRUCT)
        fprintf(file, "    %s %s;\n    if (!error)\n        error = slot_read(caller, &%s, word%d, sizeof(%s));\n", c_type(one->type), name, name,
                one->word, name);
}

static void print_argument(FILE *file, const struct parameter *one) {
    fputs(", ", file);
    bool out = one->kind == PARAMETER_OUT;
    if (one->kind == PARAMETER_CAP || one->type->kind == TYPE_STRING)
        fputs(one->name, file);
    else if (one->type->kind == TYPE_BYTES && out)
        fprintf(file, "%s.data, &%s_size", one->name, one->name);
    else if (one->type->kind == TYPE_BYTES)
        fprintf(file, "%s, (uint32_t)word%d", one->name, one->word + 1);
    else if (is_scalar(one->type) && !out)
        fprintf(file, "(%s)word%d", c_type(one->type), one->word);
    else
        fprintf(file, "&%s", one->name);
}

static void print_store(FILE *file, const struct parameter *one) {
    if (one->kind != PARAMETER_OUT || one->word < 0)
        return;
    if (one->type->kind == TYPE_BYTES)
        fprintf(file, "    %s.size = %s_size;\n", one->name, one->name);
    if (is_scalar(one->type))
        fprintf(file, "    uint64_t %s_word = (uint64_t)%s;\n", one->name, one->name);
    fprintf(file, "    if (!error)\n        error = slot_write(caller, word%d, &%s%s, %llu);\n", one->word, one->name,
            is_scalar(one->type) ? "_word" : "", (unsigned long long)(is_scalar(one->type) ? 8 : one->type->kind == TYPE_STRUCT ? one->type->size : area_bytes(one)));
}

// As the proxies of other interfaces check what is passed.
static void print_check(FILE *file, const struct interface *interface, const struct method *method, const struct parameter *one) {
    const char *name = snake(interface->name);
    if (is_scalar(one->type))
        fprintf(file, "    if (!error)\n        error = invoke_check_values(rules_%s_%s_%s, &word%d);\n", name, method->name, one->name, one->word);
    else
        fprintf(file, "    if (!error)\n        error = invoke_check_values(rules_%s_%s_%s, &%s);\n", name, method->name, one->name, one->name);
}

static void print_glue(FILE *file, const struct interface *interface, const struct method *method) {
    const char *name = snake(interface->name);
    uint64_t checked = 0; // bit by parameter
    unsigned number = 0;
    for (const struct parameter *one = method->parameters; one; one = one->next, number++)
        checked |= (uint64_t)print_parameter_rules(file, interface, method, one) << number;
    fprintf(file, "struct glue_result glue_%s_%s(uint64_t index", name, method->name);
    for (int i = 0; i < method->words; i++)
        fprintf(file, ", uint64_t word%d", i);
    fprintf(file, ");\nstruct glue_result glue_%s_%s(uint64_t index", name, method->name);
    for (int i = 0; i < method->words; i++)
        fprintf(file, ", uint64_t word%d", i);
    fprintf(file, ") {\n    struct domain *caller = thread_current()->domain;\n    struct cap *cap;\n"
                  "    enum bh_error error = caps_get(caller, \"%s.%s\", (bh_cap)index, (enum bh_cap_type)(BH_CAP_PORT + %llu), BH_RIGHT_CALL, &cap);\n"
                  "    uint64_t object = error ? 0 : ((struct port *)cap->object)->object;\n",
            name, method->name, (unsigned long long)interface->id);
    number = 0;
    for (const struct parameter *one = method->parameters; one; one = one->next, number++) {
        print_fetch(file, interface, method, one);
        if (checked >> number & 1)
            print_check(file, interface, method, one);
    }
    fprintf(file, "    if (!error)\n        error = serve_%s_%s(caller, object", name, method->name);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        print_argument(file, one);
    fputs(");\n", file);
    const char *value = "0";
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        print_store(file, one);
        if (one->kind == PARAMETER_OUT && one->word < 0)
            value = one->name;
    }
    fprintf(file, "    return (struct glue_result){error, error ? 0 : (uint64_t)%s};\n}\n\n", value);
}

bool emit_kernel(const char *folder) {
    for (const struct source *input = program.sources; input; input = input->next) {
        if (!emit_serve_header(folder, input))
            return false;
        FILE *file = open_output("//", "%s/kernel/glue_%s.c", folder, input->name);
        if (!file)
            return false;
        fprintf(file, "#include \"%s_kernel.h\"\n\n#include <string.h>\n\n#include \"kernel/base.h\"\n#include \"kernel/domain/calls.h\"\n"
                      "#include \"kernel/domain/caps.h\"\n#include \"kernel/domain/domain.h\"\n#include \"kernel/domain/invoke.h\"\n#include \"kernel/domain/values.h\"\n#include \"kernel/sched/thread.h\"\n\n"
                      "struct glue_result {\n    int64_t error;\n    uint64_t value;\n};\n\n", input->name);
        for (const struct interface *one = program.interfaces; one; one = one->next)
            for (const struct method *method = one->methods; one->source == input && method; method = method->next) {
                if (one->kernel)
                    print_glue(file, one, method);
                else
                    print_value_rules(file, one, method);
            }
        if (!close_output(file))
            return false;
    }
    return true;
}
