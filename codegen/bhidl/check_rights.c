// SPDX-License-Identifier: MIT
//
// Capabilities as parameters: of what, with what in it, with which rights.
#include <string.h>

#include "codegen/bhidl/ast.h"
#include "kernel/abi/cap.h"

static const struct {
    const char *name;
    uint32_t right;
} rights[] = {{"CALL", BH_RIGHT_CALL},     {"WAIT", BH_RIGHT_WAIT},     {"SIGNAL", BH_RIGHT_SIGNAL}, {"READ", BH_RIGHT_READ},
              {"WRITE", BH_RIGHT_WRITE},   {"CLIENT", BH_RIGHT_CLIENT}, {"SERVER", BH_RIGHT_SERVER}, {"GRANT", BH_RIGHT_GRANT}};

static const struct {
    const char *kind; // NULL: an interface
    const char *words;
    uint32_t rights;
} kinds[] = {{"Event", "WAIT, SIGNAL and GRANT", BH_RIGHT_WAIT | BH_RIGHT_SIGNAL | BH_RIGHT_GRANT},
             {"Buffer", "READ, WRITE and GRANT", BH_RIGHT_READ | BH_RIGHT_WRITE | BH_RIGHT_GRANT},
             {"Ring", "CLIENT, SERVER and GRANT", BH_RIGHT_CLIENT | BH_RIGHT_SERVER | BH_RIGHT_GRANT},
             {NULL, "CALL and GRANT", BH_RIGHT_CALL | BH_RIGHT_GRANT}};

static bool is_interface(const char *name) {
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (!strcmp(one->name, name))
            return true;
    return false;
}

static uint32_t right_of(const char *name) {
    for (size_t i = 0; i < sizeof(rights) / sizeof(*rights); i++)
        if (!strcmp(rights[i].name, name))
            return rights[i].right;
    return 0;
}

static void check_rights(const struct source *where, struct type *type, size_t kind) {
    for (const struct word *one = type->right_words; one; one = one->next) {
        uint32_t right = right_of(one->text);
        if (!right || !(kinds[kind].rights & right))
            complain(where, one->place, "an Event has WAIT, SIGNAL, GRANT; a Buffer READ, WRITE, GRANT; a Ring CLIENT, SERVER, GRANT; an interface CALL, GRANT",
                     "`%s' is no right: there are %s", one->text, kinds[kind].words);
        else if (type->rights & right)
            complain(where, one->place, "once is enough", "`%s' is named twice", one->text);
        type->rights |= right;
    }
}

static void check_element(const struct source *where, const struct interface *interface, struct type *type, size_t kind) {
    struct type *element = type->element;
    if (!element)
        return;
    if (kind == 1) {
        resolve_type(where, element);
    } else if (kind == 2) {
        for (struct ring_type *one = program.rings; one; one = one->next)
            if (!strcmp(one->name, element->name))
                type->ring = one;
        if (!type->ring)
            complain(where, element->place, "write: ring NAME { request TYPE; completion TYPE; }", "there is no ring `%s'", element->name);
        if (interface->kernel)
            complain(where, element->place, "write: cap Ring NAME", "a kernel interface takes rings of any type");
    } else {
        complain(where, element->place, "write: Buffer<TYPE> or Ring<TYPE>", "there is nothing in a `%s'", type->name);
    }
}

void check_target(const struct source *where, const struct interface *interface, struct parameter *one) {
    size_t kind = 0;
    while (kinds[kind].kind && strcmp(kinds[kind].kind, one->type->name))
        kind++;
    if (!kinds[kind].kind && !is_interface(one->type->name))
        complain(where, one->type->place, "capabilities are of Event, Buffer, Ring or an interface", "there is no `%s'", one->type->name);
    bool by_cap = one->kind == PARAMETER_CAP || one->kind == PARAMETER_OUT_CAP;
    if (!by_cap && kind != 1)
        complain(where, one->type->place, "write: move Buffer NAME", "only a Buffer can be moved or lent");
    if (!by_cap && interface->kernel)
        complain(where, one->place, "use cap Buffer", "a kernel interface takes no moved or lent buffers");
    if (one->kind == PARAMETER_OUT_CAP && interface->kernel)
        complain(where, one->place, "let the caller pass one, or the manifest grant it", "a kernel interface returns no capabilities");
    if (one->kind == PARAMETER_MOVE && one->type->right_words)
        complain(where, one->type->right_words->place, "leave the rights away", "a buffer is moved with all that its owner may do");
    check_rights(where, one->type, kind);
    check_element(where, interface, one->type, kind);
}
