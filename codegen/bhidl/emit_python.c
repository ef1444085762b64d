// SPDX-License-Identifier: MIT
//
// Python clients, for tools that call over the control line: the package `bulkhead` with all types in one module (kinds), a module for each
// interface, and codegen/bhidl/client.py, on which they stand and which the build puts beside them.
#include "codegen/bhidl/emit.h"

#include <string.h>

// Words of Python get a line behind them.
static const char *safe(const char *name) {
    static const char *const words[] = {"False", "None",   "True",  "and",  "as",   "assert", "async",  "await",    "class",  "def", "del",
                                        "elif",  "except", "exec",  "finally", "from", "global", "import", "in",    "is",     "lambda", "nonlocal",
                                        "not",   "or",     "pass",  "raise", "try",  "with",   "yield",  "match",   "self",   "call",   "port", "control"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (!strcmp(words[i], name)) {
            char *text = new_node(strlen(name) + 2);
            return strcat(strcpy(text, name), "_");
        }
    return name;
}

static void print_type(FILE *file, const struct type *type) {
    const char *name = type->kind == TYPE_ENUM ? type->enumeration->type->name : type->name;
    if (type->kind == TYPE_STRING)
        fprintf(file, "Text(%llu)", (unsigned long long)type->bound);
    else if (type->kind == TYPE_STRUCT)
        fprintf(file, "Layout(%s)", type->name);
    else if (type->kind == TYPE_ENUM)
        fprintf(file, "Choice(%s, %s)", type->name, capitals(name));
    else
        fputs(capitals(name), file);
}

static const char *annotation(const struct type *type) {
    if (type->kind == TYPE_STRING)
        return "str";
    if (type->kind == TYPE_STRUCT || type->kind == TYPE_ENUM)
        return type->name;
    return strcmp(type->name, "bool") ? "int" : "bool";
}

static void print_doc(FILE *file, const struct source *where, int line, const char *indent) {
    const char *text = doc_before(where, line);
    fprintf(file, "%sr\"\"\"%s%s\"\"\"\n", indent, *text ? text : "As its interface file has it.", *text && text[strlen(text) - 1] == '"' ? " " : "");
}

static void print_enumeration(FILE *file, const struct enumeration *one) {
    fprintf(file, "class %s(enum.%s):\n", one->name, one->is_flags ? "IntFlag" : "IntEnum");
    print_doc(file, one->source, one->place.line, "    ");
    for (const struct enumerator *value = one->enumerators; value; value = value->next)
        fprintf(file, "    %s = %llu\n", safe(value->name), (unsigned long long)value->value);
    fputs("\n\n", file);
}

static void print_default(FILE *file, const struct field *field) {
    fprintf(file, "    %s: ", safe(field->name));
    if (field->optional)
        fprintf(file, "%s | None = None\n", annotation(field->type));
    else if (field->count)
        fprintf(file, "list[%s] = _field(default_factory=lambda: [%s%s for _ in range(%llu)])\n", annotation(field->type),
                field->type->kind == TYPE_STRING ? "\"\"" : field->type->kind == TYPE_STRUCT ? field->type->name : "0",
                field->type->kind == TYPE_STRUCT ? "()" : "", (unsigned long long)field->count);
    else if (field->type->kind == TYPE_STRUCT)
        fprintf(file, "%s = _field(default_factory=%s)\n", field->type->name, field->type->name);
    else
        fprintf(file, "%s = %s\n", annotation(field->type), field->type->kind == TYPE_STRING ? "\"\"" : "0");
}

// After those that it contains.
static void print_structure(FILE *file, struct structure *one) {
    if (one->state == 6)
        return;
    one->state = 6;
    for (const struct field *field = one->fields; field; field = field->next)
        if (field->type->kind == TYPE_STRUCT)
            print_structure(file, field->type->structure);
    fprintf(file, "@dataclass\nclass %s:\n", one->name);
    print_doc(file, one->source, one->place.line, "    ");
    for (const struct field *field = one->fields; field; field = field->next)
        print_default(file, field);
    fprintf(file, "    SIZE: ClassVar = %llu\n    FIELDS: ClassVar = (", (unsigned long long)one->size);
    for (const struct field *field = one->fields; field; field = field->next) {
        fprintf(file, "\n        Field(\"%s\", %llu, %s", safe(field->name), (unsigned long long)field->offset, field->count ? "Array(" : "");
        print_type(file, field->type);
        if (field->count)
            fprintf(file, ", %llu)", (unsigned long long)field->count);
        fprintf(file, ", %s),", field->optional ? "True" : "False");
    }
    fputs(")\n\n\n", file);
}

static void print_errors(FILE *file) {
    fputs("ERRORS = {", file);
    for (size_t i = 0; i < standard_error_count; i++)
        fprintf(file, "%d: \"%s\", ", standard_errors[i].number, standard_errors[i].name);
    for (const struct error_set *one = program.errors; one; one = one->next)
        for (const struct enumerator *value = one->enumerators; value; value = value->next)
            fprintf(file, "%lld: \"%s.%s\", ", -(long long)(ERROR_BASE + value->value), one->name, value->name);
    fputs("}\n", file);
}

static bool emit_kinds(const char *folder) {
    FILE *file = open_output("#", "%s/python/bulkhead/kinds.py", folder);
    if (!file)
        return false;
    fputs("\"\"\"Types of all interface files.\"\"\"\nimport enum\nfrom dataclasses import dataclass, field as _field\nfrom typing import ClassVar\n\n"
          "from .client import BOOL, I16, I32, I64, I8, U16, U32, U64, U8, Array, Choice, Field, Layout, Text\n\n\n", file);
    for (const struct constant *one = program.constants; one; one = one->next)
        fprintf(file, "%s = %llu\n", one->name, (unsigned long long)one->value);
    fputs("\n\n", file);
    for (const struct enumeration *one = program.enumerations; one; one = one->next)
        print_enumeration(file, one);
    for (struct structure *one = program.structures; one; one = one->next)
        print_structure(file, one);
    print_errors(file);
    return close_output(file);
}

static const char *way(const struct parameter *one) {
    switch (one->kind) {
    case PARAMETER_IN: return one->optional ? "optional-in" : one->type->kind == TYPE_BYTES ? "bytes-in" : "in";
    case PARAMETER_OUT: return one->optional ? "optional-out" : one->type->kind == TYPE_BYTES ? "bytes-out" : "out";
    case PARAMETER_CAP: return "cap";
    case PARAMETER_MOVE: return "buffer";
    case PARAMETER_LEND: return "lent";
    default: return "cap-out";
    }
}

static bool has_type(const struct parameter *one) {
    return (one->kind == PARAMETER_IN || one->kind == PARAMETER_OUT) && one->type->kind != TYPE_BYTES;
}

static void print_table(FILE *file, const struct interface *one) {
    fputs("    METHODS = (", file);
    for (const struct method *method = one->methods; method; method = method->next) {
        fprintf(file, "\n        Method(\"%s\", (", safe(method->name));
        for (const struct parameter *parameter = method->parameters; parameter; parameter = parameter->next) {
            fprintf(file, "\n            Parameter(\"%s\", \"%s\", ", safe(parameter->name), way(parameter));
            if (has_type(parameter))
                print_type(file, parameter->type);
            else
                fputs("None", file);
            fprintf(file, ", %llu),", (unsigned long long)parameter->type->bound);
        }
        fputs(")),", file);
    }
    fputs(")\n\n", file);
}

static void print_method(FILE *file, const struct method *method, unsigned number) {
    unsigned results = 0;
    fprintf(file, "    def %s(self", safe(method->name));
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        results += comes_back(one) || one->kind == PARAMETER_LEND;
        if (comes_back(one))
            continue;
        fprintf(file, ", %s: %s%s", safe(one->name), has_type(one) ? annotation(one->type) : one->kind == PARAMETER_CAP ? "str" : "bytes",
                one->optional ? " | None" : "");
    }
    fputs("):\n", file);
    print_doc(file, method->source, method->place.line, "        ");
    fprintf(file, "        return self.%s(%u", results == 1 ? "call_for_one" : "call", number);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (!comes_back(one))
            fprintf(file, ", %s", safe(one->name));
    fputs(")\n\n", file);
}

static bool emit_module(const char *folder, const struct interface *one) {
    FILE *file = open_output("#", "%s/python/bulkhead/%s.py", folder, snake(one->name));
    if (!file)
        return false;
    fprintf(file, "\"\"\"Client of the interface %s (%s).\"\"\"\nfrom .client import *  # pylint: disable=wildcard-import,unused-wildcard-import\n"
                  "from .client import BOOL, I16, I32, I64, I8, U16, U32, U64, U8\n"
                  "from .kinds import *  # pylint: disable=wildcard-import,unused-wildcard-import\n\n\nclass %s(Interface):\n",
            one->name, one->source->name, one->name);
    print_doc(file, one->source, one->place.line, "    ");
    fprintf(file, "    NAME, ID, FINGERPRINT, ERRORS = \"%s\", %llu, 0x%016llx, ERRORS\n", one->name, (unsigned long long)one->id,
            (unsigned long long)one->fingerprint);
    print_table(file, one);
    unsigned number = 0;
    for (const struct method *method = one->methods; method; method = method->next)
        print_method(file, method, number++);
    return close_output(file);
}

bool emit_python(const char *folder) {
    FILE *file = emit_kinds(folder) ? open_output("#", "%s/python/bulkhead/__init__.py", folder) : NULL;
    if (!file)
        return false;
    fputs("\"\"\"Clients of all interfaces: {identifier: (module, class)}.\"\"\"\nINTERFACES = {", file);
    for (const struct interface *one = program.interfaces; one; one = one->next)
        fprintf(file, "%llu: (\"%s\", \"%s\"), ", (unsigned long long)one->id, snake(one->name), one->name);
    fputs("}\n", file);
    bool good = close_output(file);
    for (const struct interface *one = program.interfaces; good && one; one = one->next)
        good = emit_module(folder, one);
    return good;
}
