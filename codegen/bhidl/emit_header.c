// SPDX-License-Identifier: MIT
//
// The C header of one interface file: constants, types with their layout checked, client calls, and what a server fills in.
#include "codegen/bhidl/emit.h"

static void print_doc(FILE *file, const struct source *where, int line, const char *indent) {
    const char *text = doc_before(where, line);
    if (*text)
        fprintf(file, "%s// %s\n", indent, text);
}

static void print_structure(FILE *file, const struct structure *one) {
    const char *name = snake(one->name);
    print_doc(file, one->source, one->place.line, "");
    fprintf(file, "struct bh_%s {\n", name);
    for (const struct field *field = one->fields; field; field = field->next) {
        fprintf(file, "    %s %s", c_type(field->type), field->name);
        if (field->count)
            fprintf(file, "[%llu]", (unsigned long long)field->count);
        if (field->type->kind == TYPE_STRING || field->type->kind == TYPE_BYTES)
            fprintf(file, "[%llu]", (unsigned long long)field->type->bound);
        const char *doc = doc_behind(one->source, field->place.line);
        fprintf(file, ";%s%s\n", *doc ? " // " : "", doc);
        if (field->optional)
            fprintf(file, "    bool %s_present;\n", field->name);
    }
    fprintf(file, "};\nstatic_assert(sizeof(struct bh_%s) == %llu);\n", name, (unsigned long long)one->size);
    for (const struct field *field = one->fields; field; field = field->next)
        fprintf(file, "static_assert(offsetof(struct bh_%s, %s) == %llu);\n", name, field->name, (unsigned long long)field->offset);
    fputc('\n', file);
}

// A structure after those that it contains.
static void print_in_order(FILE *file, struct structure *one, const struct source *where) {
    if (one->source != where || one->state == 3)
        return;
    one->state = 3;
    for (const struct field *field = one->fields; field; field = field->next)
        if (field->type->kind == TYPE_STRUCT)
            print_in_order(file, field->type->structure, where);
    print_structure(file, one);
}

// Values of enum bh_error like the system's own.
static void print_errors(FILE *file, const struct error_set *one) {
    print_doc(file, one->source, one->place.line, "");
    for (const struct enumerator *value = one->enumerators; value; value = value->next)
        fprintf(file, "#define BH_%s_%s ((enum bh_error)-%llu) // %s\n", capitals(one->name), value->name,
                (unsigned long long)(ERROR_BASE + value->value), doc_behind(one->source, value->place.line));
    fputc('\n', file);
}

static void print_types(FILE *file, const struct source *where) {
    for (const struct constant *one = program.constants; one; one = one->next)
        if (one->source == where)
            fprintf(file, "#define BH_%s %llu\n", one->name, (unsigned long long)one->value);
    fputc('\n', file);
    for (const struct enumeration *one = program.enumerations; one; one = one->next) {
        if (one->source != where)
            continue;
        print_doc(file, where, one->place.line, "");
        fprintf(file, "enum bh_%s : %s {\n", snake(one->name), c_type(one->type));
        for (const struct enumerator *value = one->enumerators; value; value = value->next)
            fprintf(file, "    BH_%s_%s = %llu%s,%s%s\n", capitals(one->name), value->name, (unsigned long long)value->value,
                    value->value > INT64_MAX ? "u" : "", *doc_behind(where, value->place.line) ? " // " : "", doc_behind(where, value->place.line));
        fputs("};\n\n", file);
    }
    for (const struct error_set *one = program.errors; one; one = one->next)
        if (one->source == where)
            print_errors(file, one);
    for (struct structure *one = program.structures; one; one = one->next)
        print_in_order(file, one, where);
    for (const struct ring_type *one = program.rings; one; one = one->next)
        if (one->source == where)
            fprintf(file, "#define BH_%s_TYPE 0x%016llxull // of rings of %s and %s\n\n", capitals(one->name),
                    (unsigned long long)one->fingerprint, c_type(one->request), c_type(one->completion));
}

static void print_identity(FILE *file, const struct interface *one) {
    const char *upper = capitals(one->name);
    fprintf(file, "#define BH_%s_ID %llu\n#define BH_%s_FINGERPRINT 0x%016llxull\n", upper, (unsigned long long)one->id, upper,
            (unsigned long long)one->fingerprint);
    for (unsigned i = 0; i + 1 < one->version_count; i++)
        fprintf(file, "#define BH_%s_FINGERPRINT_%u 0x%016llxull // version %u: the first BH_%s_METHODS_%u methods\n#define BH_%s_METHODS_%u %u\n", upper,
                i + 1, (unsigned long long)one->versions[i].fingerprint, i + 1, upper, i + 1, upper, i + 1, one->versions[i].method_count);
}

// Map the buffer of a parameter as what is in it.
static void print_openers(FILE *file, const struct interface *interface, const struct method *method) {
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (one->type->element && !one->type->ring)
            fprintf(file, "static inline enum bh_error %s_%s_open_%s(bh_cap buffer, uint32_t rights, %s **elements, uint64_t *count) {\n"
                          "    void *address;\n    uint64_t size;\n    enum bh_error error = bh_buffer_open(buffer, rights, &address, &size);\n"
                          "    if (!error) {\n        *elements = (%s *)address;\n        *count = size / sizeof(%s);\n    }\n    return error;\n}\n",
                    snake(interface->name), method->name, one->name, c_type(one->type->element), c_type(one->type->element), c_type(one->type->element));
}

static bool has_elements(const struct source *where) {
    for (const struct interface *one = program.interfaces; one; one = one->next)
        for (const struct method *method = one->methods; one->source == where && method; method = method->next)
            for (const struct parameter *parameter = method->parameters; parameter; parameter = parameter->next)
                if (parameter->type->element)
                    return true;
    return false;
}

static void print_interface(FILE *file, const struct interface *one) {
    const char *name = snake(one->name);
    print_doc(file, one->source, one->place.line, "");
    for (const struct method *method = one->methods; method; method = method->next) {
        print_doc(file, method->source, method->place.line, "");
        fprintf(file, "enum bh_error %s_%s(bh_cap target_cap", name, method->name);
        print_parameters(file, method);
        fputs(");\n", file);
        print_openers(file, one, method);
    }
    if (one->kernel) {
        fputc('\n', file);
        return;
    }
    fprintf(file, "\n// What a server of %s fills in. A method left out fails with BH_ENOTSUP.\nstruct %s_methods {\n", one->name, name);
    for (const struct method *method = one->methods; method; method = method->next) {
        if (method->attributes & METHOD_EVENT)
            continue;
        fprintf(file, "    enum bh_error (*%s)(void *object", method->name);
        print_parameters(file, method);
        fputs(");\n", file);
    }
    fprintf(file, "};\n// Serve `object` behind the port that the manifest names `port`. `methods` must live as long as the domain and\n"
                  "// is the same for all ports of this interface: BH_EBUSY otherwise.\n"
                  "enum bh_error %s_serve(const char *port, const struct %s_methods *methods, void *object);\n", name, name);
    bool queue = false;
    for (const struct method *method = one->methods; method; method = method->next) {
        queue |= method->attributes & METHOD_ONEWAY;
        if (method->attributes & METHOD_EVENT)
            fprintf(file, "// Signal the event of all who watch it.\nvoid %s_signal_%s(void);\n", name, method->name + sizeof("watch"));
    }
    if (queue)
        fprintf(file, "// Run the oneway calls that wait, in their order, at least one; sleep until there is one. BH_ETIMEDOUT.\n"
                      "enum bh_error %s_run_oneway(uint64_t deadline_ns);\n", name);
    fputc('\n', file);
}

static const struct source *source_of(const struct type *type) {
    if (type->element)
        return source_of(type->element);
    return type->kind == TYPE_STRUCT ? type->structure->source : type->kind == TYPE_ENUM ? type->enumeration->source : NULL;
}

static bool uses(const struct source *one, const struct source *other) {
    for (const struct structure *structure = program.structures; structure; structure = structure->next)
        for (const struct field *field = structure->fields; structure->source == one && field; field = field->next)
            if (source_of(field->type) == other)
                return true;
    for (const struct interface *interface = program.interfaces; interface; interface = interface->next)
        for (const struct method *method = interface->methods; interface->source == one && method; method = method->next)
            for (const struct parameter *parameter = method->parameters; parameter; parameter = parameter->next)
                if (source_of(parameter->type) == other)
                    return true;
    return false;
}

// The headers of files whose types this one uses.
static void print_includes(FILE *file, const struct source *one) {
    for (const struct source *other = program.sources; other; other = other->next)
        if (other != one && uses(one, other))
            fprintf(file, "#include \"%s.h\"\n\n", other->name);
}

// Whoever knows a type of rings says so in his image, and is refused where it is another one.
static void print_ring_notes(FILE *file, const struct source *where) {
    bool any = false;
    for (const struct ring_type *one = program.rings; one; one = one->next) {
        if (one->source != where)
            continue;
        if (!any)
            fputs("#include \"kernel/abi/image.h\"\n\n", file);
        any = true;
        fprintf(file, "[[gnu::used, gnu::section(\".note.bulkhead.%s\")]] static const struct bh_ring_note bh_note_of_%s =\n"
                      "    {sizeof(BH_NOTE_NAME), sizeof(struct bh_note_ring), BH_NOTE_RING, BH_NOTE_NAME, {0x%016llxull, \"%s\"}};\n\n", snake(one->name), snake(one->name),
                (unsigned long long)one->fingerprint, one->name);
    }
}

bool emit_headers(const char *folder) {
    for (const struct source *one = program.sources; one; one = one->next) {
        FILE *file = open_output("//", "%s/include/%s.h", folder, one->name);
        if (!file)
            return false;
        fprintf(file, "#ifndef BH_IDL_%s_H\n#define BH_IDL_%s_H\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n"
                      "#include \"kernel/abi/cap.h\"\n#include \"kernel/abi/error.h\"\n\n", capitals(one->name), capitals(one->name));
        print_includes(file, one);
        print_types(file, one);
        for (const struct interface *interface = program.interfaces; interface; interface = interface->next)
            if (interface->source == one)
                print_identity(file, interface);
        fputs("\n#ifndef BH_KERNEL // what follows is for domains\n", file);
        if (has_elements(one))
            fputs("#include \"bulkhead/buffer.h\"\n", file);
        print_ring_notes(file, one);
        for (const struct interface *interface = program.interfaces; interface; interface = interface->next)
            if (interface->source == one)
                print_interface(file, interface);
        fputs("#endif\n#endif\n", file);
        if (!close_output(file))
            return false;
    }
    return true;
}
