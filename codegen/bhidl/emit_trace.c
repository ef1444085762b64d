// SPDX-License-Identifier: MIT
//
// The trace decoder: calls in words and memory become text with the names of the interface files. It believes nothing of what it is shown: values
// that no type allows are printed as numbers, strings end at their bound.
#include "codegen/bhidl/emit.h"

#include <string.h>

static const char helpers[] =
    "static void text(FILE *out, const char *at, size_t bound) {\n    fputc('\"', out);\n    for (size_t i = 0; i < bound && at[i]; i++)\n"
    "        if (at[i] < ' ' || at[i] > '~' || at[i] == '\"' || at[i] == '\\\\')\n            fprintf(out, \"\\\\x%02x\", (unsigned char)at[i]);\n"
    "        else\n            fputc(at[i], out);\n    fputc('\"', out);\n}\n\n"
    "static void data(FILE *out, const uint8_t *at, uint64_t size, uint64_t bound) {\n    fprintf(out, \"%llu bytes\", (unsigned long long)size);\n"
    "    for (uint64_t i = 0; at && i < size && i < bound && i < 16; i++)\n        fprintf(out, \"%s%02x\", i ? \" \" : \": \", at[i]);\n}\n\n";

static void print_enumeration(FILE *file, const struct enumeration *one) {
    fprintf(file, "[[maybe_unused]] static void enum_%s(FILE *out, uint64_t value) {\n", snake(one->name));
    if (one->is_flags) {
        fputs("    const char *between = \"\";\n", file);
        for (const struct enumerator *value = one->enumerators; value; value = value->next)
            fprintf(file, "    if ((value & %lluu) == %lluu) {\n        fprintf(out, \"%%s%s\", between);\n        between = \" | \";\n        value &= ~%llullu;\n    }\n",
                    (unsigned long long)value->value, (unsigned long long)value->value, value->name, (unsigned long long)value->value);
        fputs("    if (value || !*between)\n        fprintf(out, \"%s%llu\", between, (unsigned long long)value);\n}\n\n", file);
        return;
    }
    for (const struct enumerator *value = one->enumerators; value; value = value->next)
        fprintf(file, "    if (value == %lluu) {\n        fputs(\"%s\", out);\n        return;\n    }\n", (unsigned long long)value->value, value->name);
    fputs("    fprintf(out, \"%llu\", (unsigned long long)value);\n}\n\n", file);
}

// `expression` of that type in C, or a word that holds it.
static void print_value(FILE *file, const struct type *type, const char *expression) {
    if (type->kind == TYPE_STRING)
        fprintf(file, "text(out, %s, %llu);\n", expression, (unsigned long long)type->bound);
    else if (type->kind == TYPE_STRUCT)
        fprintf(file, "struct_%s(out, &%s);\n", snake(type->name), expression);
    else if (type->kind == TYPE_ENUM)
        fprintf(file, "enum_%s(out, (uint64_t)%s);\n", snake(type->name), expression);
    else if (!strcmp(type->name, "bool"))
        fprintf(file, "fputs((uint64_t)%s ? \"true\" : \"false\", out);\n", expression);
    else if (type->name[0] == 'i')
        fprintf(file, "fprintf(out, \"%%lld\", (long long)(%s)%s);\n", c_type(type), expression);
    else
        fprintf(file, "fprintf(out, \"%%llu\", (unsigned long long)%s);\n", expression);
}

static void print_field(FILE *file, const struct field *field) {
    char expression[300];
    fprintf(file, "    fputs(\"%s = \", out);\n", field->name);
    // A bool in foreign memory may be any byte.
    bool truth = field->type->kind == TYPE_SCALAR && !strcmp(field->type->name, "bool");
    snprintf(expression, sizeof(expression), truth ? "*(const uint8_t *)&one->%s%s" : "one->%s%s", field->name, field->count ? "[i]" : "");
    if (!field->count) {
        if (field->optional)
            fprintf(file, "    if (!*(const uint8_t *)&one->%s_present)\n        fputs(\"none\", out);\n    else\n    ", field->name);
        fputs("    ", file);
        print_value(file, field->type, expression);
    } else {
        unsigned long long shown = field->count < 8 ? field->count : 8;
        fprintf(file, "    for (size_t i = 0; i < %llu; i++) {\n        fputs(i ? \", \" : \"[\", out);\n        ", shown);
        print_value(file, field->type, expression);
        fprintf(file, "    }\n    fputs(\"%s]\", out);\n", field->count > 8 ? ", ..." : "");
    }
    if (field->next)
        fputs("    fputs(\", \", out);\n", file);
}

// After those that it contains.
static void print_structure(FILE *file, struct structure *one) {
    if (one->state == 4)
        return;
    one->state = 4;
    for (const struct field *field = one->fields; field; field = field->next)
        if (field->type->kind == TYPE_STRUCT)
            print_structure(file, field->type->structure);
    fprintf(file, "[[maybe_unused]] static void struct_%s(FILE *out, const struct bh_%s *one) {\n    fputc('{', out);\n", snake(one->name), snake(one->name));
    for (const struct field *field = one->fields; field; field = field->next)
        print_field(file, field);
    fputs("    fputc('}', out);\n}\n\n", file);
}

static void print_memory(FILE *file, const struct parameter *one) {
    char expression[300];
    unsigned offset = one->optional ? 8 : 0;
    fprintf(file, "        if (!memory[%d])\n            fprintf(out, \"@0x%%llx\", (unsigned long long)words[%d]);\n", one->word, one->word);
    if (one->optional)
        fprintf(file, "        else if (!*(const uint64_t *)memory[%d])\n            fputs(\"none\", out);\n", one->word);
    if (one->type->kind == TYPE_STRING)
        snprintf(expression, sizeof(expression), "(const char *)(memory[%d] + %u)", one->word, offset);
    else
        snprintf(expression, sizeof(expression), "(*(const %s *)(memory[%d] + %u))",
                 is_scalar(one->type) && !strcmp(c_type(one->type), "bool") ? "uint8_t" : c_type(one->type), one->word, offset);
    fputs("        else\n            ", file);
    print_value(file, one->type, expression);
}

static void print_parameter_value(FILE *file, const struct parameter *one, bool first) {
    char word[40];
    fprintf(file, "        fputs(\"%s%s = \", out);\n", first ? "" : ", ", one->name);
    snprintf(word, sizeof(word), one->word < 0 ? "value" : "words[%d]", one->word);
    if (one->kind != PARAMETER_IN && one->kind != PARAMETER_OUT)
        fprintf(file, "        fprintf(out, \"capability %%llu\", (unsigned long long)%s);\n", word);
    else if (one->type->kind == TYPE_BYTES && one->kind == PARAMETER_IN)
        fprintf(file, "        data(out, memory[%d], words[%d], %llu);\n", one->word, one->word + 1, (unsigned long long)one->type->bound);
    else if (one->type->kind == TYPE_BYTES)
        fprintf(file, "        if (memory[%d])\n            data(out, memory[%d] + 8, *(const uint64_t *)memory[%d], %llu);\n", one->word, one->word, one->word,
                (unsigned long long)one->type->bound);
    else if (in_word(one) && (one->kind == PARAMETER_IN || one->word < 0)) {
        fputs("        ", file);
        print_value(file, one->type, word);
    } else
        print_memory(file, one);
}

static void print_method(FILE *file, const struct interface *interface, const struct method *method, unsigned index, bool back) {
    bool first = true;
    fprintf(file, "    case %u:\n        fputs(\"%s%s%s\", out);\n", index, back ? " -> " : interface->name, back ? "" : ".", back ? "" : method->name);
    fputs(back ? "        fprintf(out, error ? \"%d\" : \"%d \", error);\n" : "", file);
    fputs(back ? "        if (error)\n            break;\n" : "        fputc('(', out);\n", file);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (comes_back(one) == back) {
            print_parameter_value(file, one, first);
            first = false;
        }
    fputs(back ? "        break;\n" : "        fputc(')', out);\n        break;\n", file);
}

static void print_interface(FILE *file, const struct interface *one, bool back) {
    fprintf(file, "bool trace_%s%s(FILE *out, uint32_t method, %s[[maybe_unused]] const uint64_t words[5],\n"
                  "        [[maybe_unused]] const uint8_t *const memory[5]) {\n    switch (method) {\n",
            back ? "back_" : "call_", snake(one->name), back ? "int32_t error, [[maybe_unused]] uint64_t value, " : "");
    unsigned index = 0;
    for (const struct method *method = one->methods; method; method = method->next)
        print_method(file, one, method, index++, back);
    fputs("    default:\n        return false;\n    }\n    return true;\n}\n\n", file);
}

static bool emit_header(const char *folder) {
    FILE *file = open_output("//", "%s/trace/trace.h", folder);
    if (!file)
        return false;
    fputs("#ifndef BH_IDL_TRACE_H\n#define BH_IDL_TRACE_H\n\n#include <stdint.h>\n#include <stdio.h>\n\n"
          "// Write a call, or what came back from it, as text. `words` are the argument words; `memory`: by word, the bytes of a parameter in memory, or\n"
          "// NULL when they were not recorded. False when there is no such method.\n"
          "bool trace_call(FILE *out, uint32_t interface, uint32_t method, const uint64_t words[5], const uint8_t *const memory[5]);\n"
          "bool trace_back(FILE *out, uint32_t interface, uint32_t method, int32_t error, uint64_t value, const uint64_t words[5], const uint8_t *const memory[5]);\n"
          "// The same of one interface, so that a program has no more of them than it needs.\n", file);
    for (const struct interface *one = program.interfaces; one; one = one->next)
        fprintf(file, "bool trace_call_%s(FILE *out, uint32_t method, const uint64_t words[5], const uint8_t *const memory[5]);\n"
                      "bool trace_back_%s(FILE *out, uint32_t method, int32_t error, uint64_t value, const uint64_t words[5], const uint8_t *const memory[5]);\n",
                snake(one->name), snake(one->name));
    fputs("\n#endif\n", file);
    return close_output(file);
}

bool emit_trace(const char *folder) {
    FILE *file = emit_header(folder) ? open_output("//", "%s/trace/trace.c", folder) : NULL;
    if (!file)
        return false;
    fputs("#include \"trace.h\"\n\n", file);
    for (const struct source *one = program.sources; one; one = one->next)
        fprintf(file, "#include \"%s.h\"\n", one->name);
    fprintf(file, "\n%s", helpers);
    for (const struct enumeration *one = program.enumerations; one; one = one->next)
        print_enumeration(file, one);
    for (struct structure *one = program.structures; one; one = one->next)
        print_structure(file, one);
    for (int back = 0; back < 2; back++) {
        for (const struct interface *one = program.interfaces; one; one = one->next)
            print_interface(file, one, back);
        fprintf(file, "bool trace_%s(FILE *out, uint32_t interface, uint32_t method, %sconst uint64_t words[5], const uint8_t *const memory[5]) {\n    switch (interface) {\n",
                back ? "back" : "call", back ? "int32_t error, uint64_t value, " : "");
        for (const struct interface *one = program.interfaces; one; one = one->next)
            fprintf(file, "    case %llu: return trace_%s_%s(out, method, %swords, memory);\n", (unsigned long long)one->id, back ? "back" : "call", snake(one->name),
                    back ? "error, value, " : "");
        fputs("    default: return false;\n    }\n}\n\n", file);
    }
    return close_output(file);
}
