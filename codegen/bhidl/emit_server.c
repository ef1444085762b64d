// SPDX-License-Identifier: MIT
//
// The server side: functions that the proxies call, which turn words into the parameters of the server's methods. Structures were copied
// by the proxy to this domain's own data stack, so nobody else changes them.
#include "codegen/bhidl/emit.h"

static void print_glue_parameters(FILE *file, const struct method *method) {
    fputs("uint64_t object", file);
    for (int i = 0; i < method->words; i++)
        fprintf(file, ", uint64_t word%d", i);
}

static void print_preparation(FILE *file, const struct parameter *one) {
    if (one->kind == PARAMETER_IN && one->type->kind == TYPE_STRING)
        fprintf(file, "    ((char *)word%d)[%llu] = 0;\n", one->word, (unsigned long long)one->type->bound - 1);
    else if (one->kind == PARAMETER_OUT && one->type->kind == TYPE_BYTES)
        fprintf(file, "    uint32_t %s_size = 0;\n", one->name);
    else if (one->kind == PARAMETER_OUT && is_scalar(one->type))
        fprintf(file, "    %s %s = 0;\n", c_type(one->type), one->name);
}

static void print_argument(FILE *file, const struct parameter *one) {
    const struct type *type = one->type;
    fputs(", ", file);
    if (one->kind == PARAMETER_OUT && is_scalar(type))
        fprintf(file, "&%s", one->name);
    else if (one->kind == PARAMETER_OUT && type->kind == TYPE_BYTES)
        fprintf(file, "(uint64_t *)word%d + 1, &%s_size", one->word, one->name);
    else if (one->kind == PARAMETER_IN && type->kind == TYPE_BYTES)
        fprintf(file, "(const void *)word%d, (uint32_t)word%d", one->word, one->word + 1);
    else if (one->kind == PARAMETER_IN && is_scalar(type))
        fprintf(file, "(%s)word%d", c_type(type), one->word);
    else if (one->kind == PARAMETER_IN || one->kind == PARAMETER_OUT)
        fprintf(file, "(%s *)word%d", c_type(type), one->word);
    else
        fprintf(file, "(bh_cap)word%d", one->word);
}

static void print_glue(FILE *file, const struct interface *interface, const struct method *method) {
    fprintf(file, "static struct bh_result glue_%s(", method->name);
    print_glue_parameters(file, method);
    fprintf(file, ") {\n    const struct served *served = (const struct served *)object;\n    if (!served->methods->%s)\n"
                  "        return (struct bh_result){BH_ENOTSUP, 0};\n", method->name);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        print_preparation(file, one);
    fprintf(file, "    enum bh_error error = served->methods->%s(served->object", method->name);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        print_argument(file, one);
    fputs(");\n", file);
    const char *value = "0";
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        if (one->kind != PARAMETER_OUT)
            continue;
        if (one->word < 0)
            value = one->name;
        else if (one->type->kind == TYPE_BYTES)
            fprintf(file, "    *(uint64_t *)word%d = %s_size;\n", one->word, one->name);
        else if (is_scalar(one->type))
            fprintf(file, "    *(uint64_t *)word%d = (uint64_t)%s;\n", one->word, one->name);
    }
    fprintf(file, "    return (struct bh_result){error, (uint64_t)%s};\n}\n\n", value);
    (void)interface;
}

static bool emit_server(const char *folder, const struct interface *one) {
    const char *name = snake(one->name);
    FILE *file = open_output("//", "%s/server/%s.c", folder, name);
    if (!file)
        return false;
    fprintf(file, "#include \"%s.h\"\n\n#include <stdlib.h>\n\n#include \"bulkhead/domain.h\"\n\n"
                  "struct bh_result {\n    int64_t error;\n    uint64_t value;\n};\n\n"
                  "struct served {\n    const struct %s_methods *methods;\n    void *object;\n};\n\nextern const char bh_export_%s;\n\n",
            one->source->name, name, name);
    for (const struct method *method = one->methods; method; method = method->next)
        print_glue(file, one, method);
    fprintf(file, "enum bh_error %s_serve(const char *port, const struct %s_methods *methods, void *object) {\n"
                  "    struct served *served = malloc(sizeof(*served));\n    if (!served)\n        return BH_ENOMEM;\n"
                  "    *served = (struct served){methods, object};\n    const uint64_t addresses[] = {\n", name, name);
    for (const struct method *method = one->methods; method; method = method->next)
        fprintf(file, "        (uint64_t)glue_%s,\n", method->name);
    fprintf(file, "    };\n    __asm__ volatile(\"\" : : \"r\"(&bh_export_%s)); // keeps the export note in the image\n"
                  "    enum bh_error error = bh_serve(port, BH_%s_ID, BH_%s_FINGERPRINT, addresses, %u, served);\n"
                  "    if (error)\n        free(served);\n    return error;\n}\n",
            name, capitals(one->name), capitals(one->name), one->method_count);
    return close_output(file);
}

bool emit_servers(const char *folder) {
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (!one->kernel && !emit_server(folder, one))
            return false;
    return true;
}
