// SPDX-License-Identifier: MIT
//
// bhidl diff: what a change of interface definitions means for those who were built from the old ones. Each difference is of one of three kinds:
// compatible (old images go on working), rebuild (their sources mean what they meant; the images are refused until they are built again) or
// breaking (sources have to change). That an old image goes on working is not judged from the differences alone: the new definition must
// have the fingerprint of each version of the old one.
#include <stdio.h>
#include <string.h>

#include "codegen/bhidl/ast.h"

enum change { COMPATIBLE, REBUILD, BREAKING, CHANGE_COUNT };
static const char *const words[] = {"compatible", "rebuild", "breaking"};
static unsigned counts[CHANGE_COUNT];

static void tell(enum change change, const struct source *where, struct place place, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
static void tell(enum change change, const struct source *where, struct place place, const char *hint, const char *format, ...) {
    va_list arguments;
    counts[change]++;
    va_start(arguments, format);
    remark(words[change], where, place, hint, format, arguments);
    va_end(arguments);
}

// Something of that name in another list of the same kind, or NULL.
#define FIND(list, wanted)                                                                         \
    ({                                                                                             \
        __typeof__(&*(list)) one_ = (list);                                                           \
        while (one_ && strcmp(one_->name, (wanted)))                                               \
            one_ = one_->next;                                                                     \
        one_;                                                                                      \
    })

static bool same_type(const struct type *old, const struct type *new) {
    return old->kind == new->kind && !strcmp(old->name, new->name);
}

// ---- what interfaces are made of

static void diff_constants(const struct program *old) {
    for (const struct constant *one = old->constants; one; one = one->next) {
        const struct constant *now = FIND(program.constants, one->name);
        if (!now)
            tell(BREAKING, one->source, one->place, NULL, "constant `%s' is gone", one->name);
        else if (now->value != one->value)
            tell(REBUILD, now->source, now->place, NULL, "constant `%s' was %llu, it is %llu", one->name, (unsigned long long)one->value,
                 (unsigned long long)now->value);
    }
    for (const struct constant *one = program.constants; one; one = one->next)
        if (!FIND(old->constants, one->name))
            tell(COMPATIBLE, one->source, one->place, NULL, "constant `%s' is new", one->name);
}

static void diff_enumeration(const struct enumeration *old, const struct enumeration *new) {
    if (old->is_flags != new->is_flags)
        tell(BREAKING, new->source, new->place, NULL, "`%s' is %s now", old->name, new->is_flags ? "flags" : "an enum");
    if (!same_type(old->type, new->type))
        tell(BREAKING, new->source, new->type->place, "it has another size or sign: everything that holds one changes", "enum `%s' was of %s",
             old->name, old->type->name);
    for (const struct enumerator *one = old->enumerators; one; one = one->next) {
        const struct enumerator *now = FIND(new->enumerators, one->name);
        if (!now)
            tell(BREAKING, old->source, one->place, NULL, "`%s' of enum `%s' is gone", one->name, old->name);
        else if (now->value != one->value)
            tell(BREAKING, new->source, now->place, "give the new meaning a new name and number", "`%s' of enum `%s' was %llu", one->name, old->name,
                 (unsigned long long)one->value);
    }
    for (const struct enumerator *one = new->enumerators; one; one = one->next)
        if (!FIND(old->enumerators, one->name))
            tell(REBUILD, new->source, one->place, "old images do not know it, and their proxies would refuse it", "`%s' of enum `%s' is new",
                 one->name, old->name);
}

static void diff_enumerations(const struct program *old) {
    for (const struct enumeration *one = old->enumerations; one; one = one->next) {
        const struct enumeration *now = FIND(program.enumerations, one->name);
        if (now)
            diff_enumeration(one, now);
        else
            tell(BREAKING, one->source, one->place, NULL, "enum `%s' is gone", one->name);
    }
    for (const struct enumeration *one = program.enumerations; one; one = one->next)
        if (!FIND(old->enumerations, one->name))
            tell(COMPATIBLE, one->source, one->place, NULL, "enum `%s' is new", one->name);
}

static void diff_errors(const struct program *old) {
    for (const struct error_set *one = old->errors; one; one = one->next) {
        const struct error_set *now = FIND(program.errors, one->name);
        if (!now)
            tell(BREAKING, one->source, one->place, NULL, "errors `%s' are gone", one->name);
        for (const struct enumerator *value = one->enumerators; now && value; value = value->next) {
            const struct enumerator *same = FIND(now->enumerators, value->name);
            if (!same)
                tell(BREAKING, one->source, value->place, NULL, "error `%s' of `%s' is gone", value->name, one->name);
            else if (same->value != value->value)
                tell(BREAKING, now->source, same->place, "a number once given stays", "error `%s' of `%s' was %llu", value->name, one->name,
                     (unsigned long long)value->value);
        }
        for (const struct enumerator *value = now ? now->enumerators : NULL; value; value = value->next)
            if (!FIND(one->enumerators, value->name))
                tell(BREAKING, now->source, value->place, "callers do not expect it: give a new method errors of its own", "error `%s' of `%s' is new",
                     value->name, one->name);
    }
    for (const struct error_set *one = program.errors; one; one = one->next)
        if (!FIND(old->errors, one->name))
            tell(COMPATIBLE, one->source, one->place, NULL, "errors `%s' are new", one->name);
}

static void diff_field(const struct structure *old, const struct field *field, const struct structure *new) {
    const struct field *now = FIND(new->fields, field->name);
    if (!now)
        tell(BREAKING, old->source, field->place, NULL, "field `%s' of struct `%s' is gone", field->name, old->name);
    else if (!same_type(field->type, now->type) || field->count != now->count || field->type->bound != now->type->bound)
        tell(BREAKING, new->source, now->place, NULL, "field `%s' of struct `%s' has another type", field->name, old->name);
    else if (field->optional != now->optional)
        tell(BREAKING, new->source, now->place, NULL, "field `%s' of struct `%s' is %s", field->name, old->name,
             now->optional ? "optional now" : "not optional any more");
    else if (field->offset != now->offset)
        tell(BREAKING, new->source, now->place, "new fields need a struct, and a method, of their own", "field `%s' of struct `%s' was at %llu, it is at %llu",
             field->name, old->name, (unsigned long long)field->offset, (unsigned long long)now->offset);
}

static void diff_structures(const struct program *old) {
    for (const struct structure *one = old->structures; one; one = one->next) {
        const struct structure *now = FIND(program.structures, one->name);
        if (!now) {
            tell(BREAKING, one->source, one->place, NULL, "struct `%s' is gone", one->name);
            continue;
        }
        for (const struct field *field = one->fields; field; field = field->next)
            diff_field(one, field, now);
        for (const struct field *field = now->fields; field; field = field->next)
            if (!FIND(one->fields, field->name))
                tell(BREAKING, now->source, field->place, "new fields need a struct, and a method, of their own", "field `%s' of struct `%s' is new",
                     field->name, one->name);
    }
    for (const struct structure *one = program.structures; one; one = one->next)
        if (!FIND(old->structures, one->name))
            tell(COMPATIBLE, one->source, one->place, NULL, "struct `%s' is new", one->name);
}

static void diff_rings(const struct program *old) {
    for (const struct ring_type *one = old->rings; one; one = one->next) {
        const struct ring_type *now = FIND(program.rings, one->name);
        if (!now)
            tell(BREAKING, one->source, one->place, NULL, "ring `%s' is gone", one->name);
        else if (!same_type(one->request, now->request) || !same_type(one->completion, now->completion))
            tell(BREAKING, now->source, now->place, NULL, "the entries of ring `%s' have other types", one->name);
    }
    for (const struct ring_type *one = program.rings; one; one = one->next)
        if (!FIND(old->rings, one->name))
            tell(COMPATIBLE, one->source, one->place, NULL, "ring `%s' is new", one->name);
}

// ---- interfaces

static const char *inside(const struct type *type) {
    return type->element ? type->element->name : "";
}

// What a parameter asks of capabilities and of presence.
static void diff_demands(const struct method *method, const struct parameter *old, const struct parameter *new) {
    if (strcmp(inside(old->type), inside(new->type)))
        tell(BREAKING, method->source, new->place, NULL, "parameter `%s' of method `%s' has something else in it", new->name, method->name);
    if (old->optional != new->optional)
        tell(BREAKING, method->source, new->place, NULL, "parameter `%s' of method `%s' is %s", new->name, method->name,
             new->optional ? "optional now" : "not optional any more");
    if (old->type->rights != new->type->rights)
        tell(BREAKING, method->source, new->place, "the caller has to have them, the server relies on them", "parameter `%s' of method `%s' has other rights",
             new->name, method->name);
}

static bool fails_with(const struct method *method, const char *name) {
    for (const struct word *one = method->fails; one; one = one->next)
        if (!strcmp(one->text, name))
            return true;
    return !method->fails;
}

static void diff_fails(const struct method *old, const struct method *new) {
    if (old->fails && !new->fails)
        tell(BREAKING, new->source, new->place, "callers do not expect that", "method `%s' may fail with anything now", new->name);
    for (const struct word *one = new->fails; one; one = one->next)
        if (!fails_with(old, one->text))
            tell(BREAKING, new->source, one->place, "callers do not expect it", "method `%s' may now fail with %s", new->name, one->text);
    if (!old->fails && new->fails)
        tell(REBUILD, new->source, new->fails->place, NULL, "method `%s' says now what it fails with", new->name);
    for (const struct word *one = old->fails; one; one = one->next)
        if (new->fails && !fails_with(new, one->text))
            tell(REBUILD, old->source, one->place, NULL, "method `%s' does not fail with %s any more", new->name, one->text);
}

static bool has_contract(const struct method *method, const struct contract *wanted) {
    for (const struct contract *one = method->contracts; one; one = one->next)
        if (one->ensures == wanted->ensures && !strcmp(contract_text(one->condition), contract_text(wanted->condition)))
            return true;
    return false;
}

static void tell_lost(const struct method *method, const struct contract *one) {
    const char *text = contract_text(one->condition);
    if (one->ensures)
        tell(BREAKING, method->source, one->condition->place, "callers may rely on it", "method `%s' does not ensure %s any more", method->name, text);
    else
        tell(COMPATIBLE, method->source, one->condition->place, NULL, "method `%s' does not require %s any more", method->name, text);
}

static void tell_won(const struct method *method, const struct contract *one) {
    const char *text = contract_text(one->condition);
    if (one->ensures)
        tell(COMPATIBLE, method->source, one->condition->place, NULL, "method `%s' ensures %s now", method->name, text);
    else
        tell(BREAKING, method->source, one->condition->place, "callers do not know it", "method `%s' requires %s now", method->name, text);
}

// What was asked of callers and is not any more, and what is promised now and was not, harms nobody.
static void diff_contracts(const struct method *old, const struct method *new) {
    for (const struct contract *one = old->contracts; one; one = one->next)
        if (!has_contract(new, one))
            tell_lost(old, one);
    for (const struct contract *one = new->contracts; one; one = one->next)
        if (!has_contract(old, one))
            tell_won(new, one);
}

static void diff_parameter(const struct method *method, const struct parameter *old, const struct parameter *new) {
    const char *name = method->name;
    if (old->kind != new->kind)
        tell(BREAKING, method->source, new->place, NULL, "parameter `%s' of method `%s' is passed in another way", new->name, name);
    else if (!same_type(old->type, new->type))
        tell(BREAKING, method->source, new->place, NULL, "parameter `%s' of method `%s' has another type", new->name, name);
    else if (old->type->bound < new->type->bound && old->kind == PARAMETER_IN)
        tell(REBUILD, method->source, new->place, NULL, "parameter `%s' of method `%s' may be longer: %llu, it was %llu", new->name, name,
             (unsigned long long)new->type->bound, (unsigned long long)old->type->bound);
    else if (old->type->bound != new->type->bound)
        tell(BREAKING, method->source, new->place, "what one side has room for, the other relies on",
             "the bound of parameter `%s' of method `%s' was %llu, it is %llu", new->name, name, (unsigned long long)old->type->bound,
             (unsigned long long)new->type->bound);
    else
        diff_demands(method, old, new);
    if (strcmp(old->name, new->name))
        tell(REBUILD, method->source, new->place, NULL, "parameter `%s' of method `%s' was called `%s'", new->name, name, old->name);
}

static void diff_method(const struct method *old, const struct method *new) {
    if (old->since != new->since)
        tell(REBUILD, new->source, new->place, "leave `since' as it was released", "method `%s' was of version %u, it is of version %u", new->name,
             old->since, new->since);
    const unsigned repeated = METHOD_IDEMPOTENT | METHOD_REPLAY;
    unsigned lost = old->attributes & ~new->attributes & repeated, won = new->attributes & ~old->attributes & repeated;
    if ((old->attributes ^ new->attributes) & ~repeated)
        tell(BREAKING, new->source, new->place, "a method waits for its server, a oneway one does not, an event is the generated server's own",
             "method `%s' is of another kind", new->name);
    if (lost)
        tell(BREAKING, new->source, new->place, "callers may rely on it after BH_EDEAD", "method `%s' is not %s any more", new->name,
             lost & METHOD_IDEMPOTENT ? "idempotent" : "replayed");
    if (won)
        tell(REBUILD, new->source, new->place, NULL, "method `%s' is now %s", new->name, won & METHOD_IDEMPOTENT ? "idempotent" : "replayed");
    diff_fails(old, new);
    diff_contracts(old, new);
    const struct parameter *before = old->parameters, *now = new->parameters;
    for (; before && now; before = before->next, now = now->next)
        diff_parameter(new, before, now);
    if (before)
        tell(BREAKING, old->source, before->place, NULL, "parameter `%s' of method `%s' is gone", before->name, old->name);
    if (now)
        tell(BREAKING, new->source, now->place, "a method with more parameters needs a name of its own", "parameter `%s' of method `%s' is new", now->name,
             new->name);
}

// Those that both know, in the old order and in the new one.
static void diff_order(const struct interface *old, const struct interface *new) {
    const struct method *next = new->methods;
    for (const struct method *one = old->methods; one; one = one->next) {
        const struct method *now = FIND(new->methods, one->name);
        if (!now)
            continue;
        while (next && !FIND(old->methods, next->name))
            next = next->next;
        if (now != next) {
            tell(REBUILD, now->source, now->place, "new methods stand behind old ones", "method `%s' stands in another place", now->name);
            return;
        }
        next = next->next;
    }
}

// Each version of the old one, since there may be images of each.
static bool accepts(const struct interface *new, const struct interface *old) {
    unsigned found = 0;
    for (unsigned i = 0; i < old->version_count; i++)
        for (unsigned j = 0; j < new->version_count; j++)
            found += new->versions[j].fingerprint == old->versions[i].fingerprint;
    return found == old->version_count;
}

static void diff_interface(const struct interface *old, const struct interface *new) {
    if (old->id != new->id)
        tell(BREAKING, new->source, new->place, "a number once given stays", "interface `%s' had the id %llu, it has %llu", old->name,
             (unsigned long long)old->id, (unsigned long long)new->id);
    for (const struct method *one = old->methods; one; one = one->next) {
        const struct method *now = FIND(new->methods, one->name);
        if (now)
            diff_method(one, now);
        else
            tell(BREAKING, one->source, one->place, NULL, "method `%s' of interface `%s' is gone", one->name, old->name);
    }
    for (const struct method *one = new->methods; one; one = one->next)
        if (!FIND(old->methods, one->name)) {
            if (one->since > old->version_count)
                tell(COMPATIBLE, one->source, one->place, NULL, "method `%s' came with version %u of interface `%s'", one->name, one->since, new->name);
            else
                tell(REBUILD, one->source, one->place, "put it at the end, with `since' and the next version", "method `%s' is new in version %u of interface `%s'",
                     one->name, one->since, new->name);
        }
    diff_order(old, new);
    fprintf(stderr, "interface %s: images built from the old definition are %s\n", old->name,
            accepts(new, old) ? "accepted" : "refused (EFINGERPRINT)");
}

int diff_programs(const struct program *old) {
    diff_constants(old);
    diff_enumerations(old);
    diff_structures(old);
    diff_errors(old);
    diff_rings(old);
    bool accepted = true;
    for (const struct interface *one = old->interfaces; one; one = one->next) {
        const struct interface *now = FIND(program.interfaces, one->name);
        if (now)
            diff_interface(one, now);
        else
            tell(BREAKING, one->source, one->place, NULL, "interface `%s' is gone", one->name);
        accepted &= now && accepts(now, one);
    }
    for (const struct interface *one = program.interfaces; one; one = one->next)
        if (!FIND(old->interfaces, one->name))
            tell(COMPATIBLE, one->source, one->place, NULL, "interface `%s' is new", one->name);
    fprintf(stderr, "bhidl: %u compatible, %u rebuild, %u breaking\n", counts[COMPATIBLE], counts[REBUILD], counts[BREAKING]);
    return accepted && !counts[REBUILD] && !counts[BREAKING] ? 0 : 1;
}
