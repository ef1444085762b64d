// SPDX-License-Identifier: MIT
//
// Errors: those of the whole system by name, and sets of an interface's own. A method that names what it fails with fails with nothing else.
#include <string.h>

#include "codegen/bhidl/ast.h"
#include "kernel/abi/error.h"

const struct standard_error standard_errors[] = {
#define ERROR(name, number, sentence, hint) {#name, number},
#include "kernel/abi/errors.def"
#undef ERROR
};
const size_t standard_error_count = sizeof(standard_errors) / sizeof(*standard_errors);

int32_t standard_error(const char *name) {
    for (size_t i = 0; i < standard_error_count; i++)
        if (!strcmp(standard_errors[i].name, name))
            return standard_errors[i].number;
    return 0;
}

struct error_set *find_errors(const char *name) {
    for (struct error_set *one = program.errors; one; one = one->next)
        if (!strcmp(one->name, name))
            return one;
    return NULL;
}

// Numbers are unique over all sets: a caller sees nothing else of them.
static void check_number(const struct error_set *set, const struct enumerator *value) {
    if (!value->value || value->value > ERROR_NUMBER_MAX)
        complain(set->source, value->place, "0 is success", "error `%s' has number %llu, which is not between 1 and %d", value->name,
                 (unsigned long long)value->value, ERROR_NUMBER_MAX);
    for (const struct error_set *other = program.errors; other; other = other->next)
        for (const struct enumerator *one = other->enumerators; one; one = one->next) {
            if (one == value)
                return;
            if (one->value == value->value)
                complain(set->source, value->place, "each error of all files needs a number of its own", "error `%s' has the number of `%s'",
                         value->name, one->name);
            if (other == set && !strcmp(one->name, value->name))
                complain(set->source, value->place, "rename one of them", "error `%s' is defined twice", value->name);
        }
}

void check_error_sets(void) {
    for (const struct error_set *one = program.errors; one; one = one->next) {
        for (const struct error_set *other = program.errors; other != one; other = other->next)
            if (!strcmp(other->name, one->name))
                complain(one->source, one->place, "rename one of them", "errors `%s' are defined twice", one->name);
        if (standard_error(one->name))
            complain(one->source, one->place, "choose another", "`%s' is an error of the system", one->name);
        for (const struct enumerator *value = one->enumerators; value; value = value->next)
            check_number(one, value);
    }
}

// Nobody waits for what a method of one way returns.
void check_oneway(const struct interface *interface, const struct method *method) {
    if (!(method->attributes & (METHOD_ONEWAY | METHOD_EVENT)))
        return;
    if (interface->kernel)
        complain(method->source, method->place, "let it be a method", "a kernel interface has no oneway methods and no events");
    if (method->attributes & METHOD_EVENT && method->attributes & (METHOD_ONEWAY | METHOD_REPLAY | METHOD_IDEMPOTENT))
        complain(method->source, method->place, "only `since' may stand there", "an event is neither oneway nor repeated");
    if (method->fails)
        complain(method->source, method->fails->place, "leave it away: only the queue may refuse, with EAGAIN", "oneway method `%s' cannot fail", method->name);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (comes_back(one) || one->kind == PARAMETER_LEND)
            complain(method->source, one->place, "the caller does not wait: what goes with a oneway method is in, cap or move",
                     "oneway method `%s' gives nothing back", method->name);
}

void check_fails(const struct method *method) {
    for (const struct word *one = method->fails; one; one = one->next) {
        if (!standard_error(one->text) && !find_errors(one->text))
            complain(method->source, one->place, "write an error of kernel/abi/errors.def, as ENOENT, or the name of an errors { ... }",
                     "there is no error `%s'", one->text);
        for (const struct word *other = method->fails; other != one; other = other->next)
            if (!strcmp(other->text, one->text))
                complain(method->source, one->place, "once is enough", "`%s' is named twice", one->text);
    }
}
