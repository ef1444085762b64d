// SPDX-License-Identifier: MIT
//
// Fuzz harnesses, one for each interface of domains: how a call of each method is put together from bytes, and a server that checks, with conditions of
// its own, that nothing reaches it that the types do not allow. tests/fuzz/interfaces.c plays the proxy between the two.
#include "codegen/bhidl/emit.h"

#include <string.h>

static void print_condition(FILE *file, const struct type *type, const char *value) {
    if (type->kind == TYPE_ENUM && type->enumeration->is_flags) {
        fprintf(file, "    CHECK(((uint64_t)%s & ~(0ull", value);
        for (const struct enumerator *one = type->enumeration->enumerators; one; one = one->next)
            fprintf(file, " | %lluu", (unsigned long long)one->value);
        fputs(")) == 0);\n", file);
    } else if (type->kind == TYPE_ENUM) {
        fputs("    CHECK(", file);
        for (const struct enumerator *one = type->enumeration->enumerators; one; one = one->next)
            fprintf(file, "%s(uint64_t)%s == %lluu", one == type->enumeration->enumerators ? "" : " || ", value, (unsigned long long)one->value);
        fputs(");\n", file);
    } else if (type->kind == TYPE_STRING) {
        fprintf(file, "    CHECK(memchr(%s, 0, %llu));\n", value, (unsigned long long)type->bound);
    } else if (type->kind == TYPE_STRUCT) {
        fprintf(file, "    check_%s(&%s);\n", snake(type->name), value);
    }
}

static void print_structure(FILE *file, struct structure *one) {
    if (one->state == 5)
        return;
    one->state = 5;
    for (const struct field *field = one->fields; field; field = field->next)
        if (field->type->kind == TYPE_STRUCT)
            print_structure(file, field->type->structure);
    fprintf(file, "[[maybe_unused]] static void check_%s([[maybe_unused]] const struct bh_%s *one) {\n", snake(one->name), snake(one->name));
    for (const struct field *field = one->fields; field; field = field->next) {
        char value[300];
        snprintf(value, sizeof(value), "one->%s%s", field->name, field->count ? "[i]" : "");
        if (field->optional)
            fprintf(file, "    CHECK(*(const uint8_t *)&one->%s_present <= 1);\n    if (one->%s_present) {\n", field->name, field->name);
        if (field->count)
            fprintf(file, "    for (size_t i = 0; i < %llu; i++) {\n", (unsigned long long)field->count);
        if (field->type->kind == TYPE_SCALAR && !strcmp(field->type->name, "bool"))
            fprintf(file, "    CHECK(*(const uint8_t *)&%s <= 1);\n", value);
        else
            print_condition(file, field->type, value);
        if (field->count || field->optional)
            fputs("    }\n", file);
    }
    fputs("}\n\n", file);
}

static void print_in(FILE *file, const struct parameter *one) {
    char value[300];
    bool pointer = one->optional || one->type->kind == TYPE_STRUCT;
    if (one->type->kind == TYPE_BYTES) {
        fprintf(file, "    CHECK(%s_size <= %llu);\n    fuzz_read(%s, %s_size);\n", one->name, (unsigned long long)one->type->bound, one->name, one->name);
        return;
    }
    snprintf(value, sizeof(value), pointer && one->type->kind != TYPE_STRING ? "(*%s)" : "%s", one->name);
    if (one->optional)
        fprintf(file, "    if (%s) {\n", one->name);
    print_condition(file, one->type, value);
    if (one->optional)
        fputs("    }\n", file);
}

// What a server writes is foreign, too.
static void print_out(FILE *file, const struct parameter *one) {
    if (one->kind == PARAMETER_OUT_CAP)
        fprintf(file, "    fuzz_fill(%s, sizeof(*%s));\n", one->name, one->name);
    else if (one->type->kind == TYPE_BYTES)
        fprintf(file, "    fuzz_fill(%s, %llu);\n    fuzz_fill(%s_size, sizeof(*%s_size));\n", one->name, (unsigned long long)one->type->bound, one->name, one->name);
    else if (is_scalar(one->type) && !strcmp(c_type(one->type), "bool"))
        fprintf(file, "    *%s = fuzz_truth();\n", one->name);
    else
        fprintf(file, "    fuzz_fill(%s, %llu);\n", one->name, (unsigned long long)one->type->size);
    if (one->optional)
        fprintf(file, "    *%s_present = fuzz_truth();\n", one->name);
}

static void print_method(FILE *file, const struct method *method) {
    if (method->attributes & METHOD_EVENT)
        return;
    fprintf(file, "static enum bh_error serve_%s(void *", method->name);
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        bool unused = one->kind != PARAMETER_OUT;
        fputs(unused ? ", [[maybe_unused]] " : ", ", file);
        print_parameter(file, one);
    }
    fputs(") {\n", file);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind == PARAMETER_IN)
            print_in(file, one);
        else if (comes_back(one))
            print_out(file, one);
    fputs("    return fuzz_error();\n}\n\n", file);
}

static void print_words(FILE *file, const struct method *method) {
    fputs("{", file);
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        unsigned long long area = one->area, size = one->optional ? area_bytes(one) : one->type->size;
        if (one->word < 0)
            continue;
        if (one->kind == PARAMETER_IN && one->type->kind == TYPE_BYTES)
            fprintf(file, "{FUZZ_BYTES, %llu, %llu, 0}, {FUZZ_LENGTH, 0, 0, 0}, ", area, size);
        else if (one->kind == PARAMETER_IN && !in_word(one))
            fprintf(file, "{FUZZ_COPY, %llu, %llu, 0}, ", area, size);
        else if (one->kind == PARAMETER_OUT)
            fprintf(file, "{FUZZ_OUT, %llu, %llu, %d}, ", area, (unsigned long long)area_bytes(one), one->pair);
        else
            fputs("{FUZZ_VALUE, 0, 0, 0}, ", file);
    }
    fputs("}", file);
}

static void print_table(FILE *file, const struct interface *one) {
    const char *name = snake(one->name);
    for (const struct method *method = one->methods; method; method = method->next)
        for (int back = 0; back < 2; back++)
            if (has_value_rules(one, method, back))
                fprintf(file, "extern const struct value_rule rules_%s_%s%s[];\n", name, method->name, back ? "_back" : "");
    fprintf(file, "const char bh_export_%s;\nstatic const struct fuzz_method fuzz_methods[] = {\n", name);
    for (const struct method *method = one->methods; method; method = method->next) {
        number_pairs(method);
        fprintf(file, "    {%d, %llu, ", method->words, (unsigned long long)method->area_size);
        for (int back = 0; back < 2; back++)
            if (has_value_rules(one, method, back))
                fprintf(file, "rules_%s_%s%s, ", name, method->name, back ? "_back" : "");
            else
                fputs("NULL, ", file);
        print_words(file, method);
        fputs("},\n", file);
    }
    fprintf(file, "};\n\nstatic enum bh_error serve(void) {\n    static const struct %s_methods methods = {", name);
    for (const struct method *method = one->methods; method; method = method->next)
        if (!(method->attributes & METHOD_EVENT))
            fprintf(file, ".%s = serve_%s, ", method->name, method->name);
    fprintf(file, "};\n    return %s_serve(\"fuzz\", &methods, NULL);\n}\n\n"
                  "const struct fuzz_interface fuzz_%s = {%llu, %u, serve, %s%s, fuzz_methods};\n",
            name, name, (unsigned long long)one->id, one->method_count, has_oneway(one) ? name : "NULL", has_oneway(one) ? "_run_oneway" : "");
}

static bool has_kernel_part(const struct source *source) {
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (one->kernel && one->source == source)
            return true;
    return false;
}

static bool emit_harness(const char *folder, const struct interface *one) {
    FILE *file = open_output("//", "%s/fuzz/%s.c", folder, snake(one->name));
    if (!file)
        return false;
    fprintf(file, "#include \"%s.h\"\n\n#include <string.h>\n\n#include \"tests/fuzz/harness.h\"\n\n", one->source->name);
    for (struct structure *structure = program.structures; structure; structure = structure->next)
        structure->state = 4;
    for (const struct method *method = one->methods; method; method = method->next)
        for (const struct parameter *parameter = method->parameters; parameter; parameter = parameter->next)
            if (parameter->type->kind == TYPE_STRUCT)
                print_structure(file, parameter->type->structure);
    for (const struct method *method = one->methods; method; method = method->next)
        print_method(file, method);
    print_table(file, one);
    return close_output(file);
}

// Of those files that say nothing of the kernel: its side needs the kernel.
bool emit_fuzz(const char *folder) {
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (!has_kernel_part(one->source) && !emit_harness(folder, one))
            return false;
    FILE *file = open_output("//", "%s/fuzz/all.c", folder);
    if (!file)
        return false;
    fputs("#include \"tests/fuzz/harness.h\"\n\n", file);
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (!has_kernel_part(one->source))
            fprintf(file, "extern const struct fuzz_interface fuzz_%s;\n", snake(one->name));
    fputs("\nconst struct fuzz_interface *const fuzz_interfaces[] = {\n", file);
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (!has_kernel_part(one->source))
            fprintf(file, "    &fuzz_%s,\n", snake(one->name));
    fputs("    NULL,\n};\n", file);
    return close_output(file);
}
