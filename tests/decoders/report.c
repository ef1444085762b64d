// SPDX-License-Identifier: MIT
//
// One encoding tried, judged and counted; what is printed of a disagreement; which instructions of the verifier's list were met.
#include <stdio.h>
#include <string.h>

#include "tests/decoders/decoders.h"

enum { SHOWN_MAX = 20 };

#define ALLOW(id, prefixes) X86_INS_##id,
static const uint16_t listed[] = {
#include "kernel/verifier/allow.def"
};
#undef ALLOW

#define RULE(number, name, sentence, cause) [number] = #name,
static const char *const rule_names[RULE_COUNT_MAX] = {
#include "kernel/verifier/rules.def"
};
#undef RULE

struct tally tally;
static bool met[X86_INS_ENDING];

const char *rule_name(enum verify_rule rule) {
    return rule < RULE_COUNT_MAX && rule_names[rule] ? rule_names[rule] : "?";
}

static void show_bytes(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        printf("%02x ", bytes[i]);
}

static void show(const struct answer *a, const struct second_view *s, const struct encoding *e, enum check check) {
    char text[160];
    printf("     ");
    show_bytes(e->bytes, a->record.size > s->size ? a->record.size : s->size);
    printf("\n       verifier: %u bytes, kind %u, `%s %s'", a->record.size, a->record.kind, a->insn->mnemonic, a->insn->op_str);
    if (a->record.flags & (RECORD_STACK_LOAD | RECORD_STACK_STORE))
        printf(", %u bytes in the frame%s", a->record.access, a->record.flags & RECORD_STACK_STORE ? ", stored" : "");
    printf("\n       second:   %u bytes, kind %u, `%s' %s (%s), %u bytes of memory%s%s\n", s->size, s->kind,
           second_text(e->bytes, ENCODING_MAX, ask_address(), text, sizeof(text)), s->mnemonic, s->name, s->access, s->loads ? ", loads" : "",
           s->stores ? ", stores" : "");
    printf("       %s: %s%s%s\n", check_name(check), check_sentence(check), s->forbidden ? ": " : "", s->forbidden ? s->forbidden : "");
}

// One example for each instruction and check, not too many.
static bool is_new(enum check check, const char *name, unsigned id) {
    static struct {
        enum check check;
        const char *name;
        unsigned id;
    } shown[SHOWN_MAX];
    for (uint32_t i = 0; i < tally.shown; i++)
        if (shown[i].check == check && shown[i].id == id && !strcmp(shown[i].name, name))
            return false;
    if (tally.shown == SHOWN_MAX)
        return false;
    shown[tally.shown].check = check;
    shown[tally.shown].id = id;
    shown[tally.shown++].name = name;
    return true;
}

bool try_encoding(const struct encoding *encoding) {
    struct answer answer;
    struct second_view view;
    ask(encoding->bytes, ENCODING_MAX, &answer);
    tally.tried++;
    if (!answer.accepted && (!plan.ignored || answer.rule != plan.ignored)) {
        tally.by_rule[answer.rule % RULE_COUNT_MAX]++;
        return false;
    }
    tally.accepted++;
    met[answer.insn->id] = true;
    second_decode(encoding->bytes, ENCODING_MAX, ask_address(), &view);
    lie_about(plan.lie, &view);
    enum check check = judge(&answer, &view);
    if (!check)
        return true;
    tally.disagreements++;
    tally.by_check[check]++;
    if (!plan.quiet && is_new(check, view.name, answer.insn->id))
        show(&answer, &view, encoding, check);
    return true;
}

void listed_met(uint32_t *count, uint32_t *all, bool show_missing) {
    csh names;
    *count = 0;
    *all = sizeof(listed) / sizeof(*listed);
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &names) != CS_ERR_OK)
        return;
    for (uint32_t i = 0; i < *all; i++) {
        *count += met[listed[i]];
        if (!met[listed[i]] && show_missing)
            printf("     on the list, but never accepted: %s\n", cs_insn_name(names, listed[i]));
    }
    cs_close(&names);
}
