// SPDX-License-Identifier: MIT
//
// The reference pages: one Markdown file for each interface file, and a JSON description for tools (mkimage).
#include "codegen/bhidl/emit.h"

// As it stands in the interface file.
static void print_type(FILE *file, const struct type *type) {
    fputs(type->name, file);
    if (type->element)
        fprintf(file, "<%s>", type->element->name);
    else if (type->bound)
        fprintf(file, "<%llu>", (unsigned long long)type->bound);
    for (const struct word *one = type->right_words; one; one = one->next)
        fprintf(file, "%s%s%s", one == type->right_words ? "[" : ", ", one->text, one->next ? "" : "]");
}

static void print_declaration(FILE *file, const struct method *method) {
    static const char *const kinds[] = {"in", "out", "cap", "move", "lend", "out cap"};
    fputs("    ", file);
    if (method->since > 1)
        fprintf(file, "since %u ", method->since);
    fprintf(file, "%s%s%s", method->attributes & METHOD_IDEMPOTENT ? "idempotent " : "", method->attributes & METHOD_REPLAY ? "replay " : "",
            method->attributes & METHOD_ONEWAY ? "oneway " : "");
    if (method->attributes & METHOD_EVENT) {
        fprintf(file, "event %s;\n\n", method->name + sizeof("watch"));
        return;
    }
    fprintf(file, "%s(", method->name);
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        fprintf(file, "%s %s", kinds[one->kind], one->optional ? "optional " : "");
        print_type(file, one->type);
        fprintf(file, " %s%s", one->name, one->next ? ", " : "");
    }
    fputc(')', file);
    for (const struct word *one = method->fails; one; one = one->next)
        fprintf(file, "%s%s", one == method->fails ? " fails " : ", ", one->text);
    for (const struct contract *one = method->contracts; one; one = one->next)
        fprintf(file, " %s %s", one->ensures ? "ensures" : "requires", contract_text(one->condition));
    fputs(";\n\n", file);
}

static void print_numbers(FILE *file, const struct source *input) {
    bool any = false;
    for (const struct constant *one = program.constants; one; one = one->next)
        if (one->source == input) {
            fprintf(file, "%s| `BH_%s` | %llu | %s |\n", any ? "" : "## Constants\n\n| name | value | |\n|---|---|---|\n", one->name,
                    (unsigned long long)one->value, doc_behind(input, one->place.line));
            any = true;
        }
    fputs(any ? "\n" : "", file);
    for (const struct ring_type *one = program.rings; one; one = one->next)
        if (one->source == input)
            fprintf(file, "## ring %s\n\n%s\n\nRequest `%s`, completion `%s`, type `%016llx`.\n\n", one->name, doc_before(input, one->place.line),
                    one->request->name, one->completion->name, (unsigned long long)one->fingerprint);
    for (const struct error_set *one = program.errors; one; one = one->next) {
        if (one->source != input)
            continue;
        fprintf(file, "## errors %s\n\n%s\n\n| value | name | |\n|---|---|---|\n", one->name, doc_before(input, one->place.line));
        for (const struct enumerator *value = one->enumerators; value; value = value->next)
            fprintf(file, "| -%llu | `BH_%s_%s` | %s |\n", (unsigned long long)(ERROR_BASE + value->value), capitals(one->name), value->name,
                    doc_behind(input, value->place.line));
        fputc('\n', file);
    }
}

static void print_structures(FILE *file, const struct source *input) {
    for (const struct structure *one = program.structures; one; one = one->next) {
        if (one->source != input)
            continue;
        fprintf(file, "## struct %s\n\n%s\n\n| offset | type | field | |\n|---|---|---|---|\n", one->name, doc_before(input, one->place.line));
        for (const struct field *field = one->fields; field; field = field->next) {
            fprintf(file, "| %llu | %s%s", (unsigned long long)field->offset, field->optional ? "optional " : "", field->type->name);
            if (field->type->bound)
                fprintf(file, "<%llu>", (unsigned long long)field->type->bound);
            if (field->count)
                fprintf(file, "[%llu]", (unsigned long long)field->count);
            fprintf(file, " | `%s` | %s |\n", field->name, doc_behind(input, field->place.line));
        }
        fprintf(file, "\n%llu bytes.\n\n", (unsigned long long)one->size);
    }
    for (const struct enumeration *one = program.enumerations; one; one = one->next) {
        if (one->source != input)
            continue;
        fprintf(file, "## %s %s : %s\n\n%s\n\n| value | name | |\n|---|---|---|\n", one->is_flags ? "flags" : "enum", one->name, one->type->name,
                doc_before(input, one->place.line));
        for (const struct enumerator *value = one->enumerators; value; value = value->next)
            fprintf(file, "| %llu | `BH_%s_%s` | %s |\n", (unsigned long long)value->value, capitals(one->name), value->name,
                    doc_behind(input, value->place.line));
        fputc('\n', file);
    }
}

static void print_interface(FILE *file, const struct interface *one) {
    fprintf(file, "## %sinterface %s (id %llu)\n\n%s\n\nFingerprint `%016llx`.", one->kernel ? "kernel " : "", one->name,
            (unsigned long long)one->id, doc_before(one->source, one->place.line), (unsigned long long)one->fingerprint);
    for (unsigned i = 0; i + 1 < one->version_count; i++)
        fprintf(file, " Version %u, with the first %u methods: `%016llx`.", i + 1, one->versions[i].method_count, (unsigned long long)one->versions[i].fingerprint);
    if (one->base_name)
        fprintf(file, " It begins with the methods of %s.", one->base_name);
    fputs("\n\n", file);
    for (const struct method *method = one->methods; method; method = method->next) {
        fprintf(file, "### `enum bh_error %s_%s(bh_cap target_cap", snake(one->name), method->name);
        print_parameters(file, method);
        fputs(")`\n\n", file);
        print_declaration(file, method);
        fprintf(file, "%s\n\n", doc_before(method->source, method->place.line));
        if (method->attributes & METHOD_IDEMPOTENT)
            fputs("Idempotent: after `BH_EDEAD` it may simply be called again.\n\n", file);
    }
}

bool emit_docs(const char *folder) {
    for (const struct source *input = program.sources; input; input = input->next) {
        FILE *file = open_output("", "%s/docs/%s.md", folder, input->name);
        if (!file)
            return false;
        fprintf(file, "# Interfaces of idl/%s.bidl\n\n%s\n\n", input->name, doc_before(input, 3));
        for (const struct interface *one = program.interfaces; one; one = one->next)
            if (one->source == input)
                print_interface(file, one);
        print_numbers(file, input);
        print_structures(file, input);
        if (!close_output(file))
            return false;
    }
    return true;
}

// The fingerprints of images that are as good as new ones.
static const char *older_versions(const struct interface *one) {
    char *text = new_node(64 + 32 * VERSIONS_MAX), *at = text;
    if (one->version_count == 1)
        return text;
    at += sprintf(at, ", \"older\": [");
    for (unsigned i = 0; i + 1 < one->version_count; i++)
        at += sprintf(at, "%s\"%016llx\"", i ? ", " : "", (unsigned long long)one->versions[i].fingerprint);
    at += sprintf(at, "], \"older_methods\": [");
    for (unsigned i = 0; i + 1 < one->version_count; i++)
        at += sprintf(at, "%s%u", i ? ", " : "", one->versions[i].method_count);
    sprintf(at, "]");
    return text;
}

bool emit_json(const char *folder) {
    FILE *file = open_output("", "%s/interfaces.json", folder);
    if (!file)
        return false;
    fputs("{\"interfaces\": [", file);
    for (const struct interface *one = program.interfaces; one; one = one->next) {
        fprintf(file, "%s\n  {\"name\": \"%s\", \"id\": %llu, \"kernel\": %s, \"methods\": %u, \"fingerprint\": \"%016llx\"%s, \"method_names\": [",
                one == program.interfaces ? "" : ",", one->name, (unsigned long long)one->id, one->kernel ? "true" : "false", one->method_count,
                (unsigned long long)one->fingerprint, older_versions(one));
        for (const struct method *method = one->methods; method; method = method->next)
            fprintf(file, "%s\"%s\"", method == one->methods ? "" : ", ", method->name);
        fputs("]}", file);
    }
    fputs("\n], \"rings\": [", file);
    for (const struct ring_type *one = program.rings; one; one = one->next)
        fprintf(file, "%s\n  {\"name\": \"%s\", \"type\": \"%016llx\", \"request_size\": %llu, \"completion_size\": %llu}",
                one == program.rings ? "" : ",", one->name, (unsigned long long)one->fingerprint, (unsigned long long)one->request->size,
                (unsigned long long)one->completion->size);
    fputs("\n]}\n", file);
    return close_output(file);
}
