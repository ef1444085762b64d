// SPDX-License-Identifier: MIT
//
// The tables by which proxies check values (kernel/domain/values.h): one for what a method is passed, one for what comes back, where there is
// anything to check.
#include "codegen/bhidl/emit.h"

#include <stdlib.h>
#include <string.h>

struct site {
    const struct interface *interface;
    const struct method *method;
    const char *place; // of the rule; "0" inside another
    const char *path;  // parameter and fields
    uint64_t offset;
};

static unsigned range_tables; // numbered, one counter for a file

static void print_what(FILE *file, const struct site *site, const char *sentence, const char *name) {
    fprintf(file, "\"%s.%s: %s %s%s\"},\n", site->interface->name, site->method->name, site->path, sentence, name);
}

static int by_value(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

// First and last of each run of values. Returns how many.
static unsigned print_ranges(FILE *file, uint64_t *values, unsigned count) {
    unsigned ranges = 0;
    qsort(values, count, sizeof(*values), by_value);
    fprintf(file, "static const uint64_t ranges_%u[] = {", range_tables);
    for (unsigned first = 0, last; first < count; first = last + 1, ranges++) {
        for (last = first; last + 1 < count && values[last + 1] - values[last] <= 1;)
            last++;
        fprintf(file, "%s%lluu, %lluu", ranges ? ", " : "", (unsigned long long)values[first], (unsigned long long)values[last]);
    }
    fputs("};\n", file);
    return ranges;
}

static unsigned ranges_of_enumeration(FILE *file, const struct enumeration *one) {
    unsigned count = 0;
    for (const struct enumerator *value = one->enumerators; value; value = value->next)
        count++;
    uint64_t *values = new_node(count * sizeof(*values));
    count = 0;
    for (const struct enumerator *value = one->enumerators; value; value = value->next)
        values[count++] = value->value;
    return print_ranges(file, values, count);
}

static uint64_t bits_of(const struct enumeration *one) {
    uint64_t bits = 0;
    for (const struct enumerator *value = one->enumerators; value; value = value->next)
        bits |= value->value;
    return bits;
}

// Rules are written to `rules`, range tables to `file` in front of them. `width` of the value, 8 in a word. Returns how many rules.
static unsigned print_scalar(FILE *file, FILE *rules, const struct site *site, const struct type *type, unsigned width) {
    bool flags = type->kind == TYPE_ENUM && type->enumeration->is_flags;
    if (type->kind != TYPE_ENUM && strcmp(type->name, "bool"))
        return 0;
    fprintf(rules, "    {%s, %u, %s, 0, %llu, ", flags ? "VALUE_BITS" : "VALUE_AMONG", width, site->place, (unsigned long long)site->offset);
    if (flags) {
        fprintf(rules, "0, %lluu, 0, ", (unsigned long long)bits_of(type->enumeration));
        print_what(rules, site, "has bits that are none of flags ", type->name);
        return 1;
    }
    uint64_t truth[] = {0, 1};
    unsigned ranges = type->kind == TYPE_ENUM ? ranges_of_enumeration(file, type->enumeration) : print_ranges(file, truth, 2);
    fprintf(rules, "%u, 0, ranges_%u, ", ranges, range_tables++);
    print_what(rules, site, type->kind == TYPE_ENUM ? "is no value of enum " : "is not 0 or 1", type->kind == TYPE_ENUM ? type->name : "");
    return 1;
}

static unsigned print_memory(FILE *file, FILE *rules, const struct site *site, const struct type *type);

// Where an optional value is, and the number of `width' bytes that says so.
struct optional_place {
    uint64_t value, present;
    unsigned width;
};

static unsigned print_optional(FILE *file, FILE *rules, const struct site *site, const struct type *type, struct optional_place where) {
    char *text;
    size_t size;
    FILE *inside = open_memstream(&text, &size);
    struct site inner = *site;
    inner.offset = where.value;
    unsigned count = print_memory(file, inside, &inner, type);
    fclose(inside);
    fprintf(rules, "    {VALUE_PRESENT, %u, %s, %u, %llu, 0, 0, 0, ", where.width, site->place, count, (unsigned long long)where.present);
    print_what(rules, site, "is neither there nor left out", "");
    fputs(text, rules);
    free(text);
    return count + 1;
}

static unsigned print_field(FILE *file, FILE *rules, const struct site *site, const struct field *field) {
    char path[512];
    snprintf(path, sizeof(path), "%s.%s", site->path, field->name);
    struct site inner = *site;
    inner.path = path;
    inner.offset = site->offset + field->offset;
    if (field->optional)
        return print_optional(file, rules, &inner, field->type, (struct optional_place){inner.offset, inner.offset + field->type->size, 1});
    if (!field->count)
        return print_memory(file, rules, &inner, field->type);
    char *text;
    size_t size;
    FILE *inside = open_memstream(&text, &size);
    inner.offset = 0;
    inner.place = "0";
    unsigned count = print_memory(file, inside, &inner, field->type);
    fclose(inside);
    if (count) {
        fprintf(rules, "    {VALUE_EACH, 0, %s, %u, %llu, %llu, %llu, 0, \"\"},\n%s", site->place, count,
                (unsigned long long)(site->offset + field->offset), (unsigned long long)field->count, (unsigned long long)field->type->size, text);
        count++;
    }
    free(text);
    return count;
}

static unsigned print_memory(FILE *file, FILE *rules, const struct site *site, const struct type *type) {
    unsigned count = 0;
    if (type->kind == TYPE_STRING) {
        fprintf(rules, "    {VALUE_TEXT, 0, %s, 0, %llu, %llu, 0, 0, ", site->place, (unsigned long long)site->offset, (unsigned long long)type->bound);
        print_what(rules, site, "has no zero at its end", "");
        return 1;
    }
    if (type->kind != TYPE_STRUCT)
        return print_scalar(file, rules, site, type, (unsigned)type->size);
    for (const struct field *field = type->structure->fields; field; field = field->next)
        count += print_field(file, rules, site, field);
    return count;
}

// A parameter: the word that says so stands in front.
static struct optional_place behind_word(const struct site *site) {
    return (struct optional_place){site->offset + 8, site->offset, 8};
}

// Words as proxy_check saves them: %r9 first, %rsi last.
static unsigned print_given(FILE *file, FILE *rules, struct site *site, const struct parameter *one) {
    site->path = one->name;
    site->place = in_word(one) ? "VALUE_WORDS" : "VALUE_AREA";
    site->offset = in_word(one) ? 32 - 8 * (uint64_t)one->word : one->area;
    if (one->kind != PARAMETER_IN || one->type->kind == TYPE_BYTES)
        return 0;
    if (one->optional)
        return print_optional(file, rules, site, one->type, behind_word(site));
    return in_word(one) ? print_scalar(file, rules, site, one->type, 8) : print_memory(file, rules, site, one->type);
}

static unsigned print_returned(FILE *file, FILE *rules, struct site *site, const struct parameter *one) {
    char place[32];
    snprintf(place, sizeof(place), one->word < 0 ? "VALUE_RESULT" : "VALUE_OUT + %d", one->pair);
    site->path = one->name;
    site->place = place;
    site->offset = 0;
    if (one->kind != PARAMETER_OUT)
        return 0;
    if (one->optional)
        return print_optional(file, rules, site, one->type, behind_word(site));
    if (one->type->kind == TYPE_BYTES) {
        fprintf(file, "static const uint64_t ranges_%u[] = {0, %lluu};\n", range_tables, (unsigned long long)one->type->bound);
        fprintf(rules, "    {VALUE_AMONG, 8, %s, 0, 0, 1, 0, ranges_%u, ", place, range_tables++);
        print_what(rules, site, "is longer than its bound", "");
        return 1;
    }
    return in_word(one) ? print_scalar(file, rules, site, one->type, 8) : print_memory(file, rules, site, one->type);
}

// What a method may fail with; BH_ENOTSUP says that it was left out.
static unsigned print_errors(FILE *file, FILE *rules, struct site *site) {
    if (!site->method->fails && !(site->method->attributes & METHOD_ONEWAY))
        return 0;
    uint64_t values[4096] = {0, (uint32_t)standard_error("ENOTSUP"), (uint32_t)standard_error("EAGAIN")};
    unsigned count = site->method->attributes & METHOD_ONEWAY ? 3 : 2;
    for (const struct word *one = site->method->fails; one; one = one->next) {
        const struct error_set *set = find_errors(one->text);
        if (!set)
            values[count++] = (uint32_t)standard_error(one->text);
        for (const struct enumerator *value = set ? set->enumerators : NULL; value && count < 4096; value = value->next)
            values[count++] = (uint32_t)-(int32_t)(ERROR_BASE + value->value);
    }
    unsigned ranges = print_ranges(file, values, count);
    fprintf(rules, "    {VALUE_AMONG, 4, VALUE_ERROR, 0, 0, %u, 0, ranges_%u, ", ranges, range_tables++);
    site->path = "result";
    print_what(rules, site, "is no error that it fails with", "");
    return 1;
}

static unsigned print_rules(FILE *file, FILE *rules, const struct interface *interface, const struct method *method, bool back) {
    struct site site = {.interface = interface, .method = method};
    unsigned count = back ? print_errors(file, rules, &site) : 0;
    for (const struct parameter *one = method->parameters; one; one = one->next)
        count += back ? print_returned(file, rules, &site, one) : print_given(file, rules, &site, one);
    return count;
}

static unsigned print_table(FILE *file, const struct interface *interface, const struct method *method, bool back) {
    char *text;
    size_t size;
    FILE *rules = open_memstream(&text, &size);
    unsigned count = print_rules(file, rules, interface, method, back);
    fclose(rules);
    const char *name = snake(interface->name), *suffix = back ? "_back" : "";
    if (count)
        fprintf(file, "extern const struct value_rule rules_%s_%s%s[];\nconst struct value_rule rules_%s_%s%s[] = {\n%s    {0},\n};\n", name,
                method->name, suffix, name, method->name, suffix, text);
    free(text);
    return count;
}

bool print_parameter_rules(FILE *file, const struct interface *interface, const struct method *method, const struct parameter *one) {
    char *text;
    size_t size;
    if (one->kind != PARAMETER_IN || one->type->kind == TYPE_BYTES)
        return false;
    FILE *rules = open_memstream(&text, &size);
    struct site site = {.interface = interface, .method = method, .place = "VALUE_AREA", .path = one->name};
    unsigned count = in_word(one) ? print_scalar(file, rules, &site, one->type, 8) : print_memory(file, rules, &site, one->type);
    fclose(rules);
    if (count)
        fprintf(file, "static const struct value_rule rules_%s_%s_%s[] = {\n%s    {0},\n};\n", snake(interface->name), method->name, one->name, text);
    free(text);
    return count;
}

void print_value_rules(FILE *file, const struct interface *interface, const struct method *method) {
    number_pairs(method);
    print_table(file, interface, method, false);
    print_table(file, interface, method, true);
}

bool has_value_rules(const struct interface *interface, const struct method *method, bool back) {
    FILE *nowhere = fopen("/dev/null", "w");
    unsigned tables = range_tables, count = nowhere ? print_table(nowhere, interface, method, back) : 0;
    range_tables = tables;
    if (nowhere)
        fclose(nowhere);
    return count;
}
