// SPDX-License-Identifier: MIT
//
// The client side: C functions with checked arguments around stubs that jump through the slot's table. One C and one assembly file for
// each interface, so that an image imports only what it calls.
#include "codegen/bhidl/emit.h"
#include "kernel/abi/image.h"
#include "kernel/abi/slot.h"

// Memory behind an out parameter must be as big as what the proxy copies; when the caller's may be smaller a local one stands in.
static bool needs_local(const struct parameter *one) {
    if (one->kind != PARAMETER_OUT || one->word < 0)
        return false;
    return one->optional || one->type->kind == TYPE_BYTES || is_scalar(one->type) || one->type->size % 8;
}

// In front of the value, whether there is one.
static void print_optional(FILE *file, const struct parameter *one) {
    const char *name = one->name;
    fprintf(file, "    uint64_t %s_area[%llu] = {%s != NULL};\n", name, (unsigned long long)area_bytes(one) / 8, name);
    if (one->type->kind == TYPE_STRING)
        fprintf(file, "    size_t %s_length = %s ? strlen(%s) : 0;\n    if (%s_length >= %llu)\n        return BH_ERANGE;\n    if (%s)\n"
                      "        memcpy(&%s_area[1], %s, %s_length);\n",
                name, name, name, name, (unsigned long long)one->type->bound, name, name, name, name);
    else
        fprintf(file, "    if (%s)\n        memcpy(&%s_area[1], %s, sizeof(*%s));\n", name, name, name, name);
}

static void print_locals(FILE *file, const struct method *method) {
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        unsigned long long bound = one->type->bound;
        if (one->kind == PARAMETER_IN && one->optional)
            print_optional(file, one);
        else if (one->kind == PARAMETER_IN && one->type->kind == TYPE_STRING)
            fprintf(file, "    char %s_area[%llu] = {0};\n    size_t %s_length = strlen(%s);\n    if (%s_length >= %llu)\n"
                          "        return BH_ERANGE;\n    memcpy(%s_area, %s, %s_length);\n",
                    one->name, bound, one->name, one->name, one->name, bound, one->name, one->name, one->name);
        else if (one->kind == PARAMETER_IN && one->type->kind == TYPE_BYTES)
            fprintf(file, "    if (%s_size > %llu)\n        return BH_ERANGE;\n", one->name, bound);
        else if (needs_local(one))
            fprintf(file, "    uint64_t %s_area[%llu];\n", one->name, (unsigned long long)area_bytes(one) / 8);
    }
}

static void print_words(FILE *file, const struct method *method) {
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        if (one->word < 0)
            continue;
        if (one->kind == PARAMETER_IN && (one->optional || one->type->kind == TYPE_STRING))
            fprintf(file, ", (uint64_t)%s_area", one->name);
        else if (one->kind == PARAMETER_IN && one->type->kind == TYPE_BYTES)
            fprintf(file, ", (uint64_t)%s, %s_size", one->name, one->name);
        else if (needs_local(one))
            fprintf(file, ", (uint64_t)%s_area", one->name);
        else
            fprintf(file, ", (uint64_t)%s", one->name);
    }
}

static void print_results(FILE *file, const struct method *method) {
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        if (!comes_back(one))
            continue;
        if (one->kind == PARAMETER_OUT_CAP)
            fprintf(file, "    *%s = (bh_cap)result.value;\n", one->name);
        else if (one->optional && one->type->kind == TYPE_STRING)
            fprintf(file, "    *%s_present = %s_area[0];\n    memcpy(%s, &%s_area[1], %llu);\n", one->name, one->name, one->name, one->name,
                    (unsigned long long)one->type->bound);
        else if (one->optional)
            fprintf(file, "    *%s_present = %s_area[0];\n    memcpy(%s, &%s_area[1], sizeof(*%s));\n", one->name, one->name, one->name, one->name,
                    one->name);
        else if (one->word < 0)
            fprintf(file, "    *%s = (%s)result.value;\n", one->name, c_type(one->type));
        else if (one->type->kind == TYPE_BYTES)
            fprintf(file, "    *%s_size = (uint32_t)(%s_area[0] > %llu ? %llu : %s_area[0]);\n    memcpy(%s, &%s_area[1], *%s_size);\n",
                    one->name, one->name, (unsigned long long)one->type->bound, (unsigned long long)one->type->bound, one->name,
                    one->name, one->name, one->name);
        else if (needs_local(one))
            fprintf(file, "    memcpy(%s, %s_area, %llu);\n", one->name, one->name, (unsigned long long)one->type->size);
    }
}

static void print_method(FILE *file, const struct interface *interface, const struct method *method) {
    const char *name = snake(interface->name);
    fprintf(file, "struct bh_result bh_stub_%s_%s(uint64_t target_cap", name, method->name);
    print_word_parameters(file, method);
    fprintf(file, ");\n\nenum bh_error %s_%s(bh_cap target_cap", name, method->name);
    print_parameters(file, method);
    fputs(") {\n", file);
    print_locals(file, method);
    fprintf(file, "    struct bh_result result = bh_stub_%s_%s(target_cap", name, method->name);
    print_words(file, method);
    fputs(");\n    if (result.error)\n        return (enum bh_error)result.error;\n", file);
    print_results(file, method);
    fputs("    return BH_OK;\n}\n\n", file);
}

static bool emit_client(const char *folder, const struct interface *one) {
    FILE *file = open_output("//", "%s/client/%s.c", folder, snake(one->name));
    if (!file)
        return false;
    fprintf(file, "#include \"%s.h\"\n\n#include <string.h>\n\n" RESULT_TYPE,
            one->source->name);
    for (const struct method *method = one->methods; method; method = method->next)
        print_method(file, one, method);
    return close_output(file);
}

static void print_stub(FILE *file, const char *name, unsigned index) {
    fprintf(file, "BH_FUNCTION %s\n        BH_TABLE_JUMP %u\nBH_END %s\n\n", name, index, name);
}

static void print_note(FILE *file, const struct interface *one, unsigned type) {
    fprintf(file, "        .section .note.bulkhead.%s, \"a\", @note\n        .balign 4\n        .long 9, %zu, %u\n        .asciz \"%s\"\n"
                  "        .balign 4\n        .long %llu, %u\n        .quad 0x%016llx\n        .ascii \"%s\"\n        .fill %zu, 1, 0\n",
            snake(one->name), sizeof(struct bh_note_interface), type, BH_NOTE_NAME, (unsigned long long)one->id, one->method_count,
            (unsigned long long)one->fingerprint, one->name, BH_INTERFACE_NAME_SIZE - __builtin_strlen(one->name));
}

static bool emit_stubs(const char *folder, const struct interface *one) {
    FILE *file = open_output("//", "%s/client/%s_stubs.S", folder, snake(one->name));
    if (!file)
        return false;
    unsigned index = 0;
    fputs("#include \"bulkhead/assembly.inc\"\n\n", file);
    for (const struct method *method = one->methods; method; method = method->next) {
        char name[256];
        snprintf(name, sizeof(name), "bh_stub_%s_%s", snake(one->name), method->name);
        print_stub(file, name, (unsigned)BH_TABLE_METHOD(one->id, index++));
    }
    print_note(file, one, BH_NOTE_IMPORT);
    fputs("        .section .note.GNU-stack, \"\", @progbits\n", file);
    return close_output(file);
}

static bool emit_export_note(const char *folder, const struct interface *one) {
    FILE *file = open_output("//", "%s/server/%s_note.S", folder, snake(one->name));
    if (!file)
        return false;
    fprintf(file, "        .globl bh_export_%s\n        .hidden bh_export_%s\n        .set bh_export_%s, 0\n", snake(one->name),
            snake(one->name), snake(one->name));
    print_note(file, one, BH_NOTE_EXPORT);
    fputs("        .section .note.GNU-stack, \"\", @progbits\n", file);
    return close_output(file);
}

bool emit_clients(const char *folder) {
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (!emit_client(folder, one) || !emit_stubs(folder, one) || (!one->kernel && !emit_export_note(folder, one)))
            return false;
    return true;
}
