// SPDX-License-Identifier: MIT
//
// Interfaces that grow: one extends another, or has methods that came later. The methods of a version are the first so many, so that old and
// new images agree on the place of each method that both know.
#include <string.h>

#include "codegen/bhidl/ast.h"

static struct interface *find_interface(const char *name) {
    for (struct interface *one = program.interfaces; one; one = one->next)
        if (!strcmp(one->name, name))
            return one;
    return NULL;
}

// The copy has parameters of its own: they are placed by method.
static struct method *copy_method(const struct method *from) {
    struct method *to = new_node(sizeof(*to));
    *to = *from;
    to->parameters = NULL;
    to->next = NULL;
    to->since = 1; // of the interface that inherits it
    for (const struct parameter *one = from->parameters; one; one = one->next) {
        struct parameter *copy = new_node(sizeof(*copy));
        *copy = *one;
        copy->next = NULL;
        LAST(to->parameters, copy);
    }
    return to;
}

static void merge(struct interface *one) {
    one->state = 1;
    struct interface *base = one->base_name ? find_interface(one->base_name) : NULL;
    if (one->base_name && !base)
        complain(one->source, one->base_place, "write the name of an interface of these files", "there is no interface `%s'", one->base_name);
    else if (base && base->state == 1)
        complain(one->source, one->base_place, "let one of them stand alone", "interface `%s' extends itself", base->name);
    else if (base && base->kernel != one->kernel)
        complain(one->source, one->base_place, "both are kernel interfaces or neither is", "interface `%s' cannot extend `%s'", one->name, base->name);
    else if (base) {
        if (!base->state)
            merge(base);
        struct method *own = one->methods;
        one->methods = NULL;
        for (const struct method *method = base->methods; method; method = method->next)
            LAST(one->methods, copy_method(method));
        LAST(one->methods, own);
    }
    one->state = 2;
}

void inherit_methods(void) {
    for (struct interface *one = program.interfaces; one; one = one->next)
        if (!one->state)
            merge(one);
}

void check_versions(struct interface *one) {
    one->version_count = 1;
    for (const struct method *method = one->methods; method; method = method->next) {
        if (method->since < one->version_count)
            complain(method->source, method->place, "put it in front of the methods of later versions",
                     "method `%s' is of version %u and stands behind one of version %u", method->name, method->since, one->version_count);
        else if (method->since > one->version_count + 1)
            complain(method->source, method->place, "count up by one", "method `%s' is of version %u, there is no version %u", method->name,
                     method->since, method->since - 1);
        if (method->since <= one->version_count + 1 && method->since > one->version_count)
            one->version_count = method->since;
        one->versions[one->version_count - 1].method_count++;
    }
    for (unsigned i = 1; i < one->version_count; i++)
        one->versions[i].method_count += one->versions[i - 1].method_count;
}
