// SPDX-License-Identifier: MIT
//
// Types and limits: every type is known, identifiers of interfaces are free, and each method fits the
// registers of a call.
#include <string.h>

#include "codegen/bhidl/ast.h"
#include "kernel/abi/slot.h"

#define STRING_MAX 4096
#define ARRAY_MAX 65536
#define KERNEL_ID_FIRST 40
#define WORDS_MAX 5

static const struct {
    const char *name;
    uint64_t size;
} scalars[] = {{"u8", 1}, {"u16", 2}, {"u32", 4}, {"u64", 8}, {"i8", 1}, {"i16", 2}, {"i32", 4}, {"i64", 8}, {"bool", 1}};

struct constant *find_constant(const char *name) {
    for (struct constant *one = program.constants; one; one = one->next)
        if (!strcmp(one->name, name))
            return one;
    return NULL;
}

static void resolve_bound(const struct source *where, struct place place, const char *name, uint64_t *value) {
    if (!name)
        return;
    struct constant *constant = find_constant(name);
    if (!constant)
        complain(where, place, "write: const NAME = NUMBER;", "there is no constant `%s'", name);
    *value = constant ? constant->value : 1; // one complaint is enough
}

void resolve_type(const struct source *where, struct type *type) {
    if (type->kind == TYPE_STRING || type->kind == TYPE_BYTES) {
        resolve_bound(where, type->place, type->bound_name, &type->bound);
        if (!type->bound || type->bound > STRING_MAX)
            complain(where, type->place, "bigger things travel in buffers", "a bound of %llu is not between 1 and %d",
                     (unsigned long long)type->bound, STRING_MAX);
        type->size = type->bound;
        type->align = 1;
        return;
    }
    if (type->kind != TYPE_NAMED)
        return;
    for (size_t i = 0; i < sizeof(scalars) / sizeof(*scalars); i++)
        if (!strcmp(type->name, scalars[i].name)) {
            type->kind = TYPE_SCALAR;
            type->size = type->align = scalars[i].size;
            return;
        }
    for (struct structure *one = program.structures; one; one = one->next)
        if (!strcmp(one->name, type->name)) {
            type->kind = TYPE_STRUCT;
            type->structure = one;
            return;
        }
    for (struct enumeration *one = program.enumerations; one; one = one->next)
        if (!strcmp(one->name, type->name)) {
            type->kind = TYPE_ENUM;
            type->enumeration = one;
            if (one->type->kind == TYPE_NAMED)
                resolve_type(one->source, one->type);
            type->size = type->align = one->type->size;
            return;
        }
    complain(where, type->place, "types are u8 to u64, i8 to i64, bool, string<N>, bytes<N>, and the structs and enums of these files",
             "there is no type `%s'", type->name);
    type->kind = TYPE_SCALAR;
    type->size = type->align = 8;
}

static void check_structure(struct structure *one) {
    if (!one->fields)
        complain(one->source, one->place, "add a field", "struct `%s' is empty", one->name);
    for (struct field *field = one->fields; field; field = field->next) {
        resolve_type(one->source, field->type);
        resolve_bound(one->source, field->place, field->count_name, &field->count);
        if (field->type->kind == TYPE_BYTES)
            complain(one->source, field->type->place, "write: u8 NAME[SIZE];", "bytes travel as parameters, not in structs");
        if (field->count > ARRAY_MAX)
            complain(one->source, field->place, "bigger things travel in buffers", "field `%s' has %llu elements, the limit is %d", field->name,
                     (unsigned long long)field->count, ARRAY_MAX);
    }
}

static void check_enumeration(struct enumeration *one) {
    resolve_type(one->source, one->type);
    if (one->type->kind != TYPE_SCALAR) {
        complain(one->source, one->type->place, "write: enum NAME : u32 { ... }", "an enum's type must be a scalar");
        return;
    }
    if (one->is_flags && one->type->name[0] != 'u')
        complain(one->source, one->type->place, "write: flags NAME : u32 { ... }", "flags are of an unsigned type");
    uint64_t most = ~0ull >> (64 - 8 * one->type->size);
    if (one->type->name[0] == 'i')
        most >>= 1;
    else if (one->type->name[0] == 'b')
        most = 1;
    for (struct enumerator *value = one->enumerators; value; value = value->next) {
        if (one->is_flags && !value->value)
            complain(one->source, value->place, "no flag at all is 0 already", "flag `%s' has no bit", value->name);
        if (value->value > most)
            complain(one->source, value->place, "choose a bigger type", "%llu does not fit %s", (unsigned long long)value->value,
                     one->type->name);
        for (struct enumerator *other = one->enumerators; other != value; other = other->next)
            if (!strcmp(other->name, value->name) || other->value == value->value)
                complain(one->source, value->place, "each name and each number once", "`%s' repeats `%s'", value->name, other->name);
    }
}

static int words_of(const struct parameter *parameter) {
    return parameter->kind == PARAMETER_IN && parameter->type->kind == TYPE_BYTES ? 2 : 1;
}

static bool gives_cap(const struct method *method) {
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind == PARAMETER_OUT_CAP)
            return true;
    return false;
}

// Hands out argument words, the result's register (first to a capability) and, for memory parameters, places on the callee's data stack.
static void place_parameters(struct method *method) {
    bool result_used = gives_cap(method);
    for (struct parameter *one = method->parameters; one; one = one->next) {
        if (one->kind == PARAMETER_OUT_CAP || (one->kind == PARAMETER_OUT && in_word(one) && !result_used)) {
            one->word = -1;
            result_used = true;
            continue;
        }
        one->word = method->words;
        method->words += words_of(one);
        bool memory = one->kind == PARAMETER_OUT || (one->kind == PARAMETER_IN && !in_word(one));
        if (memory) {
            one->area = method->area_size;
            method->area_size += (area_bytes(one) + 15) & ~15ull;
        }
    }
    unsigned moves = 0;
    for (struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind == PARAMETER_MOVE && moves++)
            complain(method->source, one->place, "a moved buffer cannot be given back when the next one is refused",
                     "method `%s' moves more than one buffer", method->name);
    unsigned caps = 0;
    for (struct parameter *one = method->parameters; one; one = one->next)
        if (one->kind == PARAMETER_OUT_CAP && caps++)
            complain(method->source, one->place, "a call has one result register: make it two methods", "method `%s' returns more than one capability",
                     method->name);
    if (method->words > WORDS_MAX)
        complain(method->source, method->place, "put some of them into a struct (bytes count as two)",
                 "method `%s' takes %d words, a call carries %d", method->name, method->words, WORDS_MAX);
    if (method->area_size > 16384)
        complain(method->source, method->place, "pass a buffer", "the structures of method `%s' take %llu bytes, the limit is 16384",
                 method->name, (unsigned long long)method->area_size);
}

static void check_parameter(const struct interface *interface, const struct method *method, struct parameter *one) {
    if (one->kind != PARAMETER_IN && one->kind != PARAMETER_OUT) {
        if (!one->type->rights) // not yet seen by another interface that has this method, too
            check_target(method->source, interface, one);
        return;
    }
    resolve_type(method->source, one->type);
    if (one->optional && one->type->kind == TYPE_BYTES)
        complain(method->source, one->place, "0 bytes can say that there is nothing", "bytes cannot be optional");
    if (one->optional && interface->kernel)
        complain(method->source, one->place, "use a second parameter", "a kernel interface has no optional parameters");
}

static void check_interface(struct interface *one) {
    for (struct interface *other = program.interfaces; other != one; other = other->next)
        if (other->id == one->id)
            complain(one->source, one->place, "each interface needs a number of its own", "interface `%s' has the id %llu of `%s'",
                     one->name, (unsigned long long)one->id, other->name);
    if (one->id >= BH_INTERFACE_COUNT || (one->id >= KERNEL_ID_FIRST) != one->kernel || !one->id)
        complain(one->source, one->place, "1 to 39 are for domains, 40 to 59 for the kernel", "id %llu is not for this kind of interface",
                 (unsigned long long)one->id);
    check_versions(one);
    for (struct method *method = one->methods; method; method = method->next) {
        one->method_count++;
        check_fails(method);
        check_oneway(one, method);
        for (struct parameter *parameter = method->parameters; parameter; parameter = parameter->next)
            check_parameter(one, method, parameter);
    }
    if (one->method_count > BH_INTERFACE_METHODS)
        complain(one->source, one->place, "split it", "interface `%s' has %u methods, the limit is %d", one->name, one->method_count,
                 BH_INTERFACE_METHODS);
}

void check_program(void) {
    inherit_methods();
    check_names();
    check_error_sets();
    for (struct structure *one = program.structures; one; one = one->next)
        check_structure(one);
    for (struct enumeration *one = program.enumerations; one; one = one->next)
        check_enumeration(one);
    for (struct interface *one = program.interfaces; one; one = one->next)
        check_interface(one);
    for (struct ring_type *one = program.rings; one; one = one->next) {
        resolve_type(one->source, one->request);
        resolve_type(one->source, one->completion);
        if (one->request->kind != TYPE_STRUCT || one->completion->kind != TYPE_STRUCT)
            complain(one->source, one->place, "use structs", "the entries of ring `%s' are not structs", one->name);
    }
    if (error_count)
        return;
    layout_program();
    for (struct interface *one = program.interfaces; one && !error_count; one = one->next)
        for (struct method *method = one->methods; method; method = method->next) {
            place_parameters(method);
            check_contracts(one, method);
        }
}
