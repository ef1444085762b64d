// SPDX-License-Identifier: MIT
//
// Calls by table, for domains/control: what each method of each interface takes and gives, and a function that makes a call of given words. The
// domain puts words and memory together from what came over its line (domains/control/call.c).
#include "codegen/bhidl/emit.h"

static const char *way(const struct parameter *one) {
    bool in = one->kind == PARAMETER_IN, word = in_word(one);
    switch (one->kind) {
    case PARAMETER_IN:
    case PARAMETER_OUT:
        if (one->optional)
            return in ? "CALL_OPTIONAL_IN" : "CALL_OPTIONAL_OUT";
        if (one->type->kind == TYPE_BYTES)
            return in ? "CALL_BYTES_IN" : "CALL_BYTES_OUT";
        return in ? word ? "CALL_WORD_IN" : "CALL_MEMORY_IN" : one->word < 0 ? "CALL_RESULT" : word ? "CALL_WORD_OUT" : "CALL_MEMORY_OUT";
    case PARAMETER_CAP: return "CALL_CAP";
    case PARAMETER_MOVE: return "CALL_MOVE";
    case PARAMETER_LEND: return "CALL_LEND";
    default: return "CALL_CAP_OUT";
    }
}

void print_call_parameters(FILE *file, const struct method *method) {
    for (const struct parameter *one = method->parameters; one; one = one->next)
        fprintf(file, "{%s, %d, %llu}, ", way(one), one->word < 0 ? 0 : one->word, (unsigned long long)one->type->size);
    fputs("{CALL_END, 0, 0}", file);
}

static void print_interface(FILE *file, const struct interface *one) {
    const char *name = snake(one->name);
    unsigned number = 0;
    for (const struct method *method = one->methods; method; method = method->next) {
        fprintf(file, "struct bh_result bh_stub_%s_%s(uint64_t target", name, method->name);
        print_word_parameters(file, method);
        fputs(");\n", file);
    }
    fprintf(file, "static struct bh_result call_%s(uint32_t method, uint64_t target, [[maybe_unused]] const uint64_t words[5]) {\n    switch (method) {\n", name);
    for (const struct method *method = one->methods; method; method = method->next) {
        fprintf(file, "    case %u: return bh_stub_%s_%s(target", number++, name, method->name);
        for (int i = 0; i < method->words; i++)
            fprintf(file, ", words[%d]", i);
        fputs(");\n", file);
    }
    fputs("    default: return (struct bh_result){BH_ENOTSUP, 0};\n    }\n}\n", file);
    fprintf(file, "static const struct call_method methods_of_%s[] = {\n", name);
    for (const struct method *method = one->methods; method; method = method->next) {
        fputs("    {{", file);
        print_call_parameters(file, method);
        fputs("}},\n", file);
    }
    fputs("};\n\n", file);
}

bool emit_call(const char *folder) {
    FILE *file = open_output("//", "%s/call/call.c", folder);
    if (!file)
        return false;
    fputs("#include \"bulkhead/call_table.h\"\n#include \"kernel/abi/error.h\"\n\n", file);
    for (const struct interface *one = program.interfaces; one; one = one->next)
        print_interface(file, one);
    fputs("const struct call_interface call_interfaces[] = {\n", file);
    for (const struct interface *one = program.interfaces; one; one = one->next)
        fprintf(file, "    {%llu, %u, 0x%016llxull, \"%s\", call_%s, methods_of_%s},\n", (unsigned long long)one->id, one->method_count,
                (unsigned long long)one->fingerprint, one->name, snake(one->name), snake(one->name));
    fputs("    {0},\n};\n", file);
    return close_output(file);
}
