// SPDX-License-Identifier: MIT
//
// How things of the interface language are called in C.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/bhidl/ast.h"

void *new_node(size_t size) {
    void *node = calloc(1, size);
    if (!node) {
        fputs("bhidl: out of memory\n", stderr);
        exit(1);
    }
    return node;
}

static const char *convert(const char *name, int (*change)(int)) {
    char *text = new_node(2 * strlen(name) + 1), *out = text;
    for (const char *in = name; *in; in++) {
        if (in != name && isupper((unsigned char)*in) && !isupper((unsigned char)in[-1]) && in[-1] != '_')
            *out++ = '_';
        *out++ = isalnum((unsigned char)*in) ? (char)change((unsigned char)*in) : '_';
    }
    return text;
}

const char *snake(const char *name) {
    return convert(name, tolower);
}

const char *capitals(const char *name) {
    return convert(name, toupper);
}

bool is_scalar(const struct type *type) {
    return type->kind == TYPE_SCALAR || type->kind == TYPE_ENUM;
}

bool in_word(const struct parameter *parameter) {
    return is_scalar(parameter->type) && !parameter->optional;
}

const char *c_type(const struct type *type) {
    static const char *const names[][2] = {{"u8", "uint8_t"}, {"u16", "uint16_t"}, {"u32", "uint32_t"}, {"u64", "uint64_t"}, {"i8", "int8_t"},
                                           {"i16", "int16_t"}, {"i32", "int32_t"}, {"i64", "int64_t"}, {"bool", "bool"}};
    if (type->kind == TYPE_ENUM)
        return c_type(type->enumeration->type);
    if (type->kind == TYPE_STRING)
        return "char";
    if (type->kind == TYPE_BYTES)
        return "uint8_t";
    if (type->kind == TYPE_STRUCT) {
        const char *name = snake(type->name);
        char *text = new_node(strlen(name) + 11);
        sprintf(text, "struct bh_%s", name);
        return text;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strcmp(type->name, names[i][0]))
            return names[i][1];
    return "uint64_t";
}

bool comes_back(const struct parameter *parameter) {
    return parameter->kind == PARAMETER_OUT || parameter->kind == PARAMETER_OUT_CAP;
}

uint64_t area_bytes(const struct parameter *parameter) {
    uint64_t size = parameter->type->size;
    if (parameter->optional || (parameter->type->kind == TYPE_BYTES && parameter->kind == PARAMETER_OUT))
        size += 8; // in front: whether it is there, or its length
    return (size + 7) & ~7ull;
}

static const char *doc_at(const struct source *where, int line) {
    for (const struct doc *doc = where->docs; doc; doc = doc->next)
        if (doc->line == line)
            return doc->text;
    return NULL;
}

const char *doc_behind(const struct source *where, int line) {
    const char *text = doc_at(where, line);
    return text ? text : "";
}

// Is the doc comment of `line` alone on its line?
static bool alone(const struct source *where, int line) {
    const char *text = where->lines[line - 1];
    return strncmp(text + strspn(text, " \t"), "///", 3) == 0;
}

const char *doc_before(const struct source *where, int line) {
    int first = line;
    size_t size = 1;
    while (first > 1 && doc_at(where, first - 1) && alone(where, first - 1))
        size += strlen(doc_at(where, --first)) + 1;
    char *text = new_node(size + 1);
    for (; first < line; first++) {
        strcat(text, doc_at(where, first));
        if (first + 1 < line)
            strcat(text, " ");
    }
    return text;
}
