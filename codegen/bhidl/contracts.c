// SPDX-License-Identifier: MIT
//
// Contracts: conditions on a method's numbers, which a shadow checks (docs/shadow-domains.md). They are worked out in integers of 128 bits, signed, so
// that no operand's type matters and nothing overflows: what could is refused here.
#include <stdio.h>
#include <string.h>

#include "codegen/bhidl/ast.h"

#define BITS_MAX 126

static const struct {
    const char *sign;
    int level;      // of precedence
    bool condition; // the result is true or false
    bool logical;   // so are its operands
} operators[] = {
    [OPERATOR_NUMBER] = {"", 9, false, false},       [OPERATOR_PATH] = {"", 9, false, false},   [OPERATOR_NOT] = {"!", 8, true, true},
    [OPERATOR_MINUS] = {"-", 8, false, false},       [OPERATOR_OR] = {"||", 1, true, true},     [OPERATOR_AND] = {"&&", 2, true, true},
    [OPERATOR_EQUAL] = {"==", 3, true, false},       [OPERATOR_UNEQUAL] = {"!=", 3, true, false}, [OPERATOR_LESS] = {"<", 3, true, false},
    [OPERATOR_LESS_EQUAL] = {"<=", 3, true, false},  [OPERATOR_GREATER] = {">", 3, true, false}, [OPERATOR_GREATER_EQUAL] = {">=", 3, true, false},
    [OPERATOR_PLUS] = {"+", 4, false, false},        [OPERATOR_DIFFERENCE] = {"-", 4, false, false}, [OPERATOR_TIMES] = {"*", 5, false, false},
};

// What a path stands for.
struct operand {
    bool found, number;           // there is such a thing; and it is a number
    bool truth;                   // a bool
    const struct parameter *from; // NULL: a constant
    unsigned bits;
    char c[600];
};

static bool first_is(const char *path, const char *name) {
    size_t length = strcspn(path, ".");
    return strlen(name) == length && strncmp(path, name, length) == 0;
}

static const char *rest_of(const char *path) {
    const char *dot = strchr(path, '.');
    return dot ? dot + 1 : "";
}

static void scalar(struct operand *out, const struct type *type, const char *text) {
    out->number = true;
    out->truth = type->kind == TYPE_SCALAR && !strcmp(type->name, "bool");
    out->bits = 8 * (unsigned)type->size;
    snprintf(out->c, sizeof(out->c), "(__int128)(%s)%s", c_type(type), text);
}

// Fields behind a structure's address.
static void field_operand(struct operand *out, const struct structure *structure, const char *path, const char *address) {
    char text[500];
    for (const struct field *field = structure->fields; field; field = field->next) {
        if (!first_is(path, field->name))
            continue;
        const char *rest = rest_of(path);
        out->found = true;
        snprintf(text, sizeof(text), "%s%s%s", address, strchr(address, '>') ? "." : "->", field->name);
        if (field->count || field->optional || (is_scalar(field->type) && *rest))
            return;
        if (field->type->kind == TYPE_STRUCT) {
            out->found = false;
            field_operand(out, field->type->structure, rest, text);
        } else if (is_scalar(field->type)) {
            scalar(out, field->type, text);
        }
    }
}

static void parameter_operand(struct operand *out, const struct parameter *one, const char *rest) {
    char text[100];
    const struct type *type = one->type;
    out->from = one;
    out->found = !*rest;
    if (one->optional || (one->kind != PARAMETER_IN && one->kind != PARAMETER_OUT))
        return;
    if (type->kind == TYPE_STRUCT) {
        snprintf(text, sizeof(text), "((const %s *)words[%d])", c_type(type), one->word);
        field_operand(out, type->structure, rest, text);
    } else if (type->kind == TYPE_BYTES && !strcmp(rest, "size")) {
        out->found = out->number = true;
        out->bits = 16;
        snprintf(out->c, sizeof(out->c), one->kind == PARAMETER_IN ? "(__int128)words[%d]" : "(__int128)*(const uint64_t *)words[%d]",
                 one->kind == PARAMETER_IN ? one->word + 1 : one->word);
    } else if (is_scalar(type) && !*rest) {
        snprintf(text, sizeof(text), one->word < 0 ? "value" : one->kind == PARAMETER_OUT ? "*(const uint64_t *)words[%d]" : "words[%d]", one->word);
        scalar(out, type, text);
    }
}

static unsigned bits_of(uint64_t value) {
    unsigned bits = 1;
    while (bits < 64 && value >> bits)
        bits++;
    return bits;
}

static void fixed_operand(struct operand *out, uint64_t value) {
    out->found = out->number = true;
    out->bits = bits_of(value);
    snprintf(out->c, sizeof(out->c), "(__int128)%lluu", (unsigned long long)value);
}

static struct operand operand_of(const struct method *method, const char *path) {
    struct operand out = {0};
    const struct constant *constant = find_constant(path);
    for (const struct parameter *one = method->parameters; one; one = one->next)
        if (first_is(path, one->name)) {
            parameter_operand(&out, one, rest_of(path));
            return out;
        }
    for (const struct enumeration *one = program.enumerations; one; one = one->next)
        for (const struct enumerator *value = one->enumerators; first_is(path, one->name) && value; value = value->next)
            if (!strcmp(value->name, rest_of(path)))
                fixed_operand(&out, value->value);
    if (constant)
        fixed_operand(&out, constant->value);
    return out;
}

// ---- checks

struct checked {
    bool condition, number; // a bool is both
    unsigned bits;
};

static struct checked check_path(const struct method *method, const struct contract *contract, const struct expression *one) {
    struct operand operand = operand_of(method, one->path);
    if (!operand.found)
        complain(method->source, one->place, "write parameters, their fields as item.price, of bytes data.size, constants, and values of enums as Colour.RED",
                 "a contract cannot speak of `%s'", one->path);
    else if (!operand.number)
        complain(method->source, one->place, "contracts are about single numbers that are always there", "`%s' is no number", one->path);
    else if (operand.from && operand.from->kind == PARAMETER_OUT && !contract->ensures)
        complain(method->source, one->place, "say it with ensures", "`%s' is not known before the method was called", one->path);
    return (struct checked){operand.truth, true, operand.bits};
}

static void want(const struct method *method, const struct expression *one, struct checked what, bool condition) {
    if (condition && !what.condition)
        complain(method->source, one->place, "compare it with something: NAME > 0", "a number is no condition");
    if (!condition && !what.number)
        complain(method->source, one->place, "join conditions by && and ||", "a condition is no number");
}

static struct checked check(const struct method *method, const struct contract *contract, const struct expression *one) { // NOLINT(misc-no-recursion): as deep as the source
    struct checked left = {0}, right = {0};
    if (one->operator == OPERATOR_PATH)
        return check_path(method, contract, one);
    if (one->operator == OPERATOR_NUMBER)
        return (struct checked){false, true, bits_of(one->number)};
    left = check(method, contract, one->left);
    want(method, one->left, left, operators[one->operator].logical);
    if (one->right) {
        right = check(method, contract, one->right);
        want(method, one->right, right, operators[one->operator].logical);
    }
    unsigned bits = one->operator == OPERATOR_TIMES ? left.bits + right.bits : 1 + (left.bits > right.bits ? left.bits : right.bits);
    if (operators[one->operator].condition)
        bits = 1;
    if (bits > BITS_MAX)
        complain(method->source, one->place, "multiply less", "this may come to more than %d bits", BITS_MAX);
    return (struct checked){operators[one->operator].condition, !operators[one->operator].condition, bits > BITS_MAX ? 64 : bits};
}

void check_contracts(const struct interface *interface, struct method *method) {
    for (struct contract *one = method->contracts; one; one = one->next) {
        if (one->checked)
            continue;
        one->checked = true;
        if (interface->kernel)
            complain(method->source, one->condition->place, "let its function check", "a kernel interface has no contracts: no shadow can stand before it");
        else if (one->ensures && method->attributes & METHOD_ONEWAY)
            complain(method->source, one->condition->place, "leave it away", "nobody waits for what oneway method `%s' ensures", method->name);
        else
            want(method, one->condition, check(method, one, one->condition), true);
    }
}

// ---- output

static void print(FILE *file, const struct method *method, const struct expression *one, int level) { // NOLINT(misc-no-recursion): as deep as the source
    int own = operators[one->operator].level;
    bool brackets = own < level || (method && own < 9);
    fputs(brackets ? "(" : "", file);
    if (one->operator == OPERATOR_NUMBER) {
        fprintf(file, method ? "(__int128)%lluu" : "%llu", (unsigned long long)one->number);
    } else if (one->operator == OPERATOR_PATH) {
        fputs(method ? operand_of(method, one->path).c : one->path, file);
    } else {
        if (one->right) {
            print(file, method, one->left, own);
            fprintf(file, " %s ", operators[one->operator].sign);
        } else {
            fputs(operators[one->operator].sign, file);
        }
        print(file, method, one->right ? one->right : one->left, own + 1);
    }
    fputs(brackets ? ")" : "", file);
}

static const char *printed(const struct method *method, const struct expression *one) {
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    print(file, method, one, 0);
    fclose(file);
    return text;
}

const char *contract_in_c(const struct method *method, const struct expression *one) {
    return printed(method, one);
}

const char *contract_text(const struct expression *one) {
    return printed(NULL, one);
}
