// SPDX-License-Identifier: MIT
//
// What was refused, where, and why.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/verifier/internal.h"

#define RULE(number, name, sentence, cause) [number] = #name,
static const char *const names[] = {
#include "kernel/verifier/rules.def"
};
#undef RULE
#define RULE(number, name, sentence, cause) [number] = sentence,
static const char *const sentences[] = {
#include "kernel/verifier/rules.def"
};
#undef RULE
#define RULE(number, name, sentence, cause) [number] = cause,
static const char *const causes[] = {
#include "kernel/verifier/rules.def"
};
#undef RULE

#define RULE_COUNT (sizeof(names) / sizeof(*names))

const char *verify_rule_name(enum verify_rule rule) {
    return rule < RULE_COUNT ? names[rule] : "?";
}

const char *verify_rule_sentence(enum verify_rule rule) {
    return rule < RULE_COUNT ? sentences[rule] : "?";
}

const char *verify_rule_cause(enum verify_rule rule) {
    return rule < RULE_COUNT ? causes[rule] : "?";
}

static void describe_instruction(struct verification *v, uint32_t offset) {
    struct verify_report *report = v->report;
    const char *name = NULL;
    uint64_t within = 0;
    report->function[0] = report->instruction[0] = 0;
    if (offset < v->text_start || offset >= v->text_end)
        return;
    name = verified_symbol(v->image, offset, &within);
    if (name)
        snprintf(report->function, sizeof(report->function), "%.40s+0x%llx", name, (unsigned long long)within);
    else if (v->image->function_count) {
        int64_t function = functions_find(v->image, offset);
        if (function >= 0)
            snprintf(report->function, sizeof(report->function), "function at 0x%x", v->image->functions[function]);
    }
    cs_insn *insn;
    if (v->capstone) // the rules read operands in Intel's order, people here read AT&T's
        cs_option(v->capstone, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
    if (v->capstone && cs_disasm(v->capstone, v->text + (offset - v->text_start), v->text_end - offset, offset, 1, &insn) == 1) {
        snprintf(report->instruction, sizeof(report->instruction), "%s %s", insn->mnemonic, insn->op_str);
        cs_free(insn, 1);
    }
}

enum bh_error refuse_code(struct verification *v, enum verify_rule rule, uint32_t offset, const char *format, ...) {
    va_list arguments;
    v->report->rule = rule;
    v->report->offset = offset;
    va_start(arguments, format);
    vsnprintf(v->report->detail, sizeof(v->report->detail), format, arguments);
    va_end(arguments);
    describe_instruction(v, offset);
    return rule <= RULE_IMAGE_ENTRY ? BH_EIMAGE : BH_EVERIFY;
}

const char *verify_report_format(const struct verify_report *report, const char *file, char *to, size_t capacity) {
    int size = snprintf(to, capacity, "%s: ", file);
    if (report->function[0] && size < (int)capacity)
        size += snprintf(to + size, capacity - (size_t)size, "%s: ", report->function);
    if (report->offset && size < (int)capacity)
        size += snprintf(to + size, capacity - (size_t)size, "0x%x: ", report->offset);
    if (report->instruction[0] && size < (int)capacity)
        size += snprintf(to + size, capacity - (size_t)size, "`%s': ", report->instruction);
    if (size < (int)capacity)
        snprintf(to + size, capacity - (size_t)size, "%s: %s (%s); usual cause: %s", verify_rule_name(report->rule),
                 verify_rule_sentence(report->rule), report->detail, verify_rule_cause(report->rule));
    return to;
}
