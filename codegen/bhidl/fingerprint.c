// SPDX-License-Identifier: MIT
//
// The fingerprint of an interface or ring: a hash over everything on which two sides must agree, names included. Comments do not count.
#include <stdio.h>
#include <string.h>

#include "codegen/bhidl/ast.h"

#define FNV_START 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

static uint64_t hash;

static void add(const char *text) {
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * FNV_PRIME;
    hash = (hash ^ 0xff) * FNV_PRIME; // so that "a","bc" differs from "ab","c"
}

static void add_number(uint64_t number) {
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    add(text);
}

static void add_type(const struct type *type);

// What came to the language later counts where it is used, so that the fingerprints of others stay.
static void add_target(const struct type *type) {
    if (type->rights) {
        add("rights");
        add_number(type->rights);
    }
    if (type->ring) {
        add("ring");
        add_number(type->ring->fingerprint);
    } else if (type->element) {
        add("element");
        add_type(type->element);
    }
}

static void add_type(const struct type *type) {
    add(type->name);
    add_target(type);
    switch (type->kind) {
    case TYPE_STRING:
    case TYPE_BYTES:
        add_number(type->bound);
        break;
    case TYPE_STRUCT:
        for (const struct field *field = type->structure->fields; field; field = field->next) {
            add(field->name);
            add_number(field->offset);
            add_number(field->count);
            add_type(field->type);
            if (field->optional)
                add("optional");
        }
        break;
    case TYPE_ENUM:
        if (type->enumeration->is_flags)
            add("flags");
        for (const struct enumerator *one = type->enumeration->enumerators; one; one = one->next) {
            add(one->name);
            add_number(one->value);
        }
        break;
    default:
        break;
    }
}

static void add_fails(const struct method *method) {
    if (method->fails)
        add("fails");
    for (const struct word *one = method->fails; one; one = one->next) {
        const struct error_set *set = find_errors(one->text);
        add(one->text);
        for (const struct enumerator *value = set ? set->enumerators : NULL; value; value = value->next) {
            add(value->name);
            add_number(value->value);
        }
    }
}

static uint64_t of_version(const struct interface *one, const struct version *version) {
    hash = FNV_START;
    add(one->name);
    add_number(one->id);
    unsigned index = 0;
    for (const struct method *method = one->methods; method && index < version->method_count; method = method->next, index++) {
        add(method->name);
        add_number(method->attributes);
        for (const struct parameter *parameter = method->parameters; parameter; parameter = parameter->next) {
            add_number(parameter->kind);
            add(parameter->name);
            add_type(parameter->type);
            if (parameter->optional)
                add("optional");
        }
        add_fails(method);
    }
    return hash;
}

static uint64_t of_ring(const struct ring_type *one) {
    hash = FNV_START;
    add(one->name);
    add_type(one->request);
    add_type(one->completion);
    return hash;
}

void fingerprint_program(void) {
    for (struct ring_type *one = program.rings; one; one = one->next)
        one->fingerprint = of_ring(one);
    for (struct interface *one = program.interfaces; one; one = one->next) {
        for (unsigned i = 0; i < one->version_count; i++)
            one->versions[i].fingerprint = of_version(one, &one->versions[i]);
        one->fingerprint = one->versions[one->version_count - 1].fingerprint;
    }
}
