// SPDX-License-Identifier: MIT
//
// Sizes and offsets, as the C compiler lays structures out. A structure may not contain itself, and holes must be named, so that no
// byte of the sender's memory travels by accident.
#include "codegen/bhidl/ast.h"
#include "kernel/abi/ring.h"

static void layout_structure(struct structure *one) {
    uint64_t offset = 0;
    one->align = 1;
    one->state = 1;
    for (struct field *field = one->fields; field; field = field->next) {
        layout_type(one->source, field->type);
        uint64_t align = field->type->align ? field->type->align : 1;
        if (offset % align)
            complain(one->source, field->place, "put a padding field in front of it, or change the order",
                     "field `%s' would leave a hole of %llu bytes", field->name, (unsigned long long)(align - offset % align));
        field->offset = (offset + align - 1) / align * align;
        offset = field->offset + field->type->size * (field->count ? field->count : 1) + field->optional;
        one->align = align > one->align ? align : one->align;
    }
    one->size = (offset + one->align - 1) / one->align * one->align;
    if (one->size != offset)
        complain(one->source, one->place, "add a padding field at the end", "struct `%s' would end with a hole of %llu bytes", one->name,
                 (unsigned long long)(one->size - offset));
    one->state = 2;
}

void layout_type(struct source *where, struct type *type) {
    if (type->kind != TYPE_STRUCT)
        return;
    if (type->structure->state == 1) {
        complain(where, type->place, "structures travel by value", "struct `%s' contains itself", type->structure->name);
        return;
    }
    if (!type->structure->state)
        layout_structure(type->structure);
    type->size = type->structure->size;
    type->align = type->structure->align;
}

void layout_program(void) {
    for (struct structure *one = program.structures; one; one = one->next)
        if (!one->state)
            layout_structure(one);
    for (struct interface *one = program.interfaces; one; one = one->next)
        for (struct method *method = one->methods; method; method = method->next)
            for (struct parameter *parameter = method->parameters; parameter; parameter = parameter->next) {
                layout_type(method->source, parameter->type);
                if (parameter->type->element)
                    layout_type(method->source, parameter->type->element);
            }
    for (struct ring_type *one = program.rings; one; one = one->next) {
        layout_type(one->source, one->request);
        layout_type(one->source, one->completion);
        if (one->request->size > BH_RING_ENTRY_SIZE_MAX || one->completion->size > BH_RING_ENTRY_SIZE_MAX)
            complain(one->source, one->place, "put the bulk into a buffer", "entries of ring `%s' are bigger than %d bytes", one->name,
                     BH_RING_ENTRY_SIZE_MAX);
    }
}
