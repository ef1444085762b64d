// SPDX-License-Identifier: MIT
//
// Names that would not survive the way into C: words of C, words of the generated code, and things that share a name.
#include <string.h>

#include "codegen/bhidl/ast.h"

static bool is_word_of_c(const char *name) {
    static const char *const words[] = {
        "alignas", "alignof", "asm", "auto", "bool", "break", "case", "char", "const", "constexpr", "continue", "default", "do", "double",
        "else", "enum", "extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "nullptr", "register", "restrict", "return",
        "short", "signed", "sizeof", "static", "static_assert", "struct", "switch", "thread_local", "true", "typedef", "typeof", "union",
        "unsigned", "void", "volatile", "while"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (!strcmp(words[i], name))
            return true;
    return false;
}

static bool is_word_of_glue(const char *name) {
    static const char *const words[] = {"target_cap", "result", "served", "object", "error", "caller", "cap", "index", "methods",
                                        "word0", "word1", "word2", "word3", "word4"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (!strcmp(words[i], name))
            return true;
    return false;
}

// The name of what says whether an optional field is there.
static bool says_present(const char *name, const char *field) {
    size_t length = strlen(field);
    return strncmp(name, field, length) == 0 && strcmp(name + length, "_present") == 0;
}

static void check_fields(const struct structure *one) {
    for (const struct field *field = one->fields; field; field = field->next) {
        if (is_word_of_c(field->name))
            complain(one->source, field->place, "choose another", "`%s' is a word of C", field->name);
        for (const struct field *other = one->fields; other != field; other = other->next)
            if (!strcmp(other->name, field->name))
                complain(one->source, field->place, "rename one of them", "field `%s' is defined twice", field->name);
        for (const struct field *other = one->fields; other; other = other->next)
            if (field->optional && says_present(other->name, field->name))
                complain(one->source, other->place, "the generated struct has a field of this name: rename yours", "field `%s' says already whether `%s' is there",
                         other->name, field->name);
    }
}

static void check_types(void) {
    for (const struct structure *one = program.structures; one; one = one->next) {
        for (const struct structure *other = program.structures; other != one; other = other->next)
            if (!strcmp(other->name, one->name))
                complain(one->source, one->place, "rename one of them", "struct `%s' is defined twice (first at %s:%d)", one->name,
                         other->source->path, other->place.line);
        check_fields(one);
    }
    for (const struct enumeration *one = program.enumerations; one; one = one->next) {
        for (const struct enumeration *other = program.enumerations; other != one; other = other->next)
            if (!strcmp(other->name, one->name))
                complain(one->source, one->place, "rename one of them", "enum `%s' is defined twice", one->name);
        for (const struct structure *other = program.structures; other; other = other->next)
            if (!strcmp(other->name, one->name))
                complain(one->source, one->place, "rename one of them", "`%s' is a struct already", one->name);
    }
}

static void check_constants_and_rings(void) {
    for (const struct constant *one = program.constants; one; one = one->next)
        for (const struct constant *other = program.constants; other != one; other = other->next)
            if (!strcmp(other->name, one->name))
                complain(one->source, one->place, "rename one of them", "constant `%s' is defined twice", one->name);
    for (const struct ring_type *one = program.rings; one; one = one->next)
        for (const struct ring_type *other = program.rings; other != one; other = other->next)
            if (!strcmp(other->name, one->name))
                complain(one->source, one->place, "rename one of them", "ring `%s' is defined twice", one->name);
}

static void check_method(const struct interface *interface, const struct method *method) {
    if (!strcmp(method->name, "serve") || is_word_of_c(method->name))
        complain(method->source, method->place, "choose another name", "a method may not be named `%s'", method->name);
    for (const struct method *other = interface->methods; other != method; other = other->next)
        if (!strcmp(other->name, method->name))
            complain(method->source, method->place, "rename one of them", "method `%s' is defined twice", method->name);
    for (const struct parameter *one = method->parameters; one; one = one->next) {
        if (is_word_of_c(one->name) || is_word_of_glue(one->name))
            complain(method->source, one->place, "choose another", "`%s' is a word of C or of the generated code", one->name);
        for (const struct parameter *other = method->parameters; other != one; other = other->next)
            if (!strcmp(other->name, one->name))
                complain(method->source, one->place, "rename one of them", "parameter `%s' is named twice", one->name);
    }
}

void check_names(void) {
    check_types();
    check_constants_and_rings();
    for (const struct interface *one = program.interfaces; one; one = one->next) {
        for (const struct interface *other = program.interfaces; other != one; other = other->next)
            if (!strcmp(other->name, one->name))
                complain(one->source, one->place, "rename one of them", "interface `%s' is defined twice", one->name);
        for (const struct method *method = one->methods; method; method = method->next)
            check_method(one, method);
    }
}
