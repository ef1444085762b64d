// SPDX-License-Identifier: MIT
//
// The server side: what the proxies call. A method whose parameters arrive in the registers that C wants them in is called as it is;
// for the others a function turns words into parameters. Structures were copied by the proxy to this domain's own data stack, so nobody
// else changes them. One table of methods for each interface in a domain; the object tells its ports apart.
#include "codegen/bhidl/emit.h"

// Words arrive with all 64 bits as the caller left them: C wants smaller integers than int extended.
static bool arrives_ready(const struct parameter *one) {
    const struct type *type = one->type;
    if (one->optional)
        return false;
    if (one->kind == PARAMETER_IN)
        return type->kind != TYPE_STRING && (!is_scalar(type) || type->size >= 4);
    return !comes_back(one) || (one->kind == PARAMETER_OUT && !is_scalar(type) && type->kind == TYPE_STRUCT);
}

bool method_needs_glue(const struct method *method) {
    if (method->attributes & (METHOD_ONEWAY | METHOD_EVENT))
        return true;
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (!arrives_ready(one))
            return true;
    return false;
}

static void print_preparation(FILE *file, const struct parameter *one) {
    if (one->optional && one->kind == PARAMETER_OUT)
        fprintf(file, "    bool %s_present = false;\n", one->name);
    if (one->kind == PARAMETER_OUT_CAP)
        fprintf(file, "    bh_cap %s = BH_CAP_NONE;\n", one->name);
    if (one->optional)
        return;
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
    if (one->kind == PARAMETER_OUT_CAP)
        fprintf(file, "&%s", one->name);
    else if (one->optional && one->kind == PARAMETER_IN)
        fprintf(file, "*(const uint64_t *)word%d ? (const %s *)(word%d + 8) : NULL", one->word, c_type(type), one->word);
    else if (one->optional)
        fprintf(file, "(%s *)(word%d + 8), &%s_present", c_type(type), one->word, one->name);
    else if (one->kind == PARAMETER_OUT && is_scalar(type))
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

void print_call(FILE *file, const struct method *method) {
    fprintf(file, "served->%s((void *)object", method->name);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        print_argument(file, one);
    fputs(");\n", file);
}

static void print_glue(FILE *file, const struct method *method) {
    fprintf(file, "static struct bh_result glue_%s(uint64_t object", method->name);
    print_word_parameters(file, method);
    fputs(") {\n", file);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        print_preparation(file, one);
    fputs("    enum bh_error error = ", file);
    print_call(file, method);
    const char *value = "0";
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        if (!comes_back(one))
            continue;
        if (one->word < 0)
            value = one->name;
        else if (one->optional)
            fprintf(file, "    *(uint64_t *)word%d = %s_present;\n", one->word, one->name);
        else if (one->type->kind == TYPE_BYTES)
            fprintf(file, "    *(uint64_t *)word%d = %s_size;\n", one->word, one->name);
        else if (is_scalar(one->type))
            fprintf(file, "    *(uint64_t *)word%d = (uint64_t)%s;\n", one->word, one->name);
    }
    fprintf(file, "    return (struct bh_result){error, (uint64_t)%s};\n}\n\n", value);
}

// Then no method can be left out.
static bool all_events(const struct interface *one) {
    for (const struct method *method = one->methods; method; method = method->next)
        if (!(method->attributes & METHOD_EVENT))
            return false;
    return true;
}

static bool emit_server(const char *folder, const struct interface *one) {
    const char *name = snake(one->name);
    FILE *file = open_output("//", "%s/server/%s.c", folder, name);
    if (!file)
        return false;
    fprintf(file, "#include \"%s.h\"\n\n%s#include \"bulkhead/domain.h\"\n%s\n"
                  RESULT_TYPE
                  "extern const char bh_export_%s;\n\n"
                  "static const struct %s_methods *served;\n\n%s",
            one->source->name, has_oneway(one) ? "#include <string.h>\n\n" : "", has_oneway(one) || has_events(one) ? "#include \"bulkhead/mutex.h\"\n" : "", name, name,
            all_events(one) ? "" : "static struct bh_result left_out(void) {\n    return (struct bh_result){BH_ENOTSUP, 0};\n}\n\n");
    print_oneway_start(file, one);
    unsigned index = 0;
    for (const struct method *method = one->methods; method; method = method->next, index++)
        if (method->attributes & (METHOD_ONEWAY | METHOD_EVENT))
            print_oneway_glue(file, one, method, index);
        else if (method_needs_glue(method))
            print_glue(file, method);
    print_oneway_end(file, one);
    fprintf(file, "enum bh_error %s_serve(const char *port, const struct %s_methods *methods, void *object) {\n"
                  "    const uint64_t addresses[] = {\n", name, name);
    for (const struct method *method = one->methods; method; method = method->next)
        if (method->attributes & METHOD_EVENT)
            fprintf(file, "        (uint64_t)glue_%s,\n", method->name);
        else
            fprintf(file, "        methods->%s ? (uint64_t)%s%s : (uint64_t)left_out,\n", method->name,
                    method_needs_glue(method) ? "glue_" : "methods->", method->name);
    fprintf(file, "    };\n    if (served && served != methods)\n        return BH_EBUSY;\n%s    served = methods;\n"
                  "    __asm__ volatile(\"\" : : \"r\"(&bh_export_%s)); // keeps the export note in the image\n"
                  "    return bh_serve(port, BH_%s_ID, BH_%s_FINGERPRINT, addresses, %u, object);\n}\n",
            has_oneway(one) || has_events(one) ? "    enum bh_error error = prepare();\n    if (error)\n        return error;\n" : "", name, capitals(one->name), capitals(one->name), one->method_count);
    return close_output(file);
}

bool emit_servers(const char *folder) {
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (!one->kernel && !emit_server(folder, one))
            return false;
    return true;
}
