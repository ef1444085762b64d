// SPDX-License-Identifier: MIT
//
// Is the verifier's decoder right? Every encoding that the verifier accepts is decoded by LLVM too, and both must agree: see judge.c.
// Then faults are put into the comparison, to see that it notices them. Ends with a report and `N passed, N failed`.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/decoders/decoders.h"

// 15 registers with 15 others, loaded and stored, %rax with both forms of and; 64 checks; 7 anchors with each bias in two colours.
enum { SEQUENCES = 15 * 15 * 2 + 15 * 2 + 64 + 7 * (BH_ANCHOR_BIAS_MAX + 1) * 2, ACCEPTED_MIN = 500, TABLE_JUMPS = 15 * 14 * 2 + 14 };

struct plan plan = {.seed = 1, .tails = 1, .parts = 1};
static uint32_t passed, failed;

static void verdict(const char *name, bool good) {
    passed += good;
    failed += !good;
    printf("%s %s\n", good ? "ok" : "FAILED", name);
    fflush(stdout);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void opcodes_gs(void) {
    every_opcode(BH_COLOUR_GS);
}

static void opcodes_fs(void) {
    every_opcode(BH_COLOUR_FS);
}

// One part: no disagreement, and enough that was accepted and so compared. With `none`, nothing may be accepted.
static void part(const char *name, void (*run)(void), bool none) {
    struct tally before = tally;
    char text[160];
    run();
    uint64_t tried = tally.tried - before.tried, accepted = tally.accepted - before.accepted;
    snprintf(text, sizeof(text), "%s: %llu tried, %llu accepted and compared", name, (unsigned long long)tried, (unsigned long long)accepted);
    bool enough = plan.parts > 1 || (none ? tried > ACCEPTED_MIN && !accepted : accepted > ACCEPTED_MIN);
    verdict(text, enough && tally.disagreements == before.disagreements);
}

static void compare_all(void) {
    char text[160];
    part("every opcode, prefix, REX and ModRM in colour gs", opcodes_gs, false);
    part("the same in colour fs", opcodes_fs, false);
    part("orders and repetitions of prefixes", every_order_of_prefixes, false);
    part("every SIB", every_sib, false);
    part("moves of %rsp", stack_moves, false);
    part("operands behind anchors", anchored_operands, false);
    part("what stands in front of them", truncations, false);
    part("maps and escape bytes that must be refused", escapes, true);
    part("fillers", fillers, false);
    part("calls through the table", table_calls, false);
    verdict("fixed sequences have the same boundaries", fixed_sequences() == SEQUENCES);
    uint32_t tables, good = table_jumps(&tables);
    snprintf(text, sizeof(text), "jumps through tables: %u tried, %u of them alike", tables, good);
    verdict(text, good == tables && tables == TABLE_JUMPS);
    uint32_t met, listed;
    listed_met(&met, &listed, plan.parts == 1);
    if (plan.parts == 1)
        verdict("each instruction of the verifier's list was accepted at least once", met == listed);
}

// A fault that is noticed, by a check that was to notice it where there is one.
static void fault(const char *name, enum check by) {
    struct tally saved = tally;
    char text[160];
    tally = (struct tally){0};
    some_opcodes();
    snprintf(text, sizeof(text), "%s is noticed: %llu times", name, (unsigned long long)(by ? tally.by_check[by] : tally.disagreements));
    verdict(text, by ? tally.by_check[by] : tally.disagreements);
    tally = saved;
}

// Of the jump through a table; four lies are of instructions that are not in it.
static void test_table_faults(void) {
    uint32_t noticed = 0;
    for (enum lie lie = LIE_NONE + 1; lie < LIE_COUNT; lie++)
        noticed += lie != LIE_CLASS && lie != LIE_TARGET && lie != LIE_STORE && lie != LIE_STACK && table_jump_lie(lie);
    verdict("a second decoder that lies of a jump through a table", noticed == LIE_COUNT - 1 - 4);
}

static void test_faults(void) {
    static const enum verify_rule rules[] = {RULE_INSTRUCTION, RULE_PREFIX, RULE_OPERAND_SEGMENT, RULE_OPERAND_STACK, RULE_OPERAND_IMAGE,
                                             RULE_STACK_POINTER, RULE_INDIRECT, RULE_TABLE_CALL, RULE_BIT_TEST, RULE_STACK_WORD, RULE_ANCHOR};
    char name[96];
    plan.quiet = true;
    for (plan.lie = LIE_NONE + 1; plan.lie < LIE_COUNT; plan.lie++) {
        snprintf(name, sizeof(name), "a second decoder that lies: %s", lie_name(plan.lie));
        fault(name, lie_check(plan.lie));
    }
    plan.lie = LIE_NONE;
    test_table_faults();
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        plan.ignored = rules[i];
        snprintf(name, sizeof(name), "a verifier without its rule %s", rule_name(rules[i]));
        fault(name, CHECK_NONE);
    }
    plan.ignored = RULE_NONE;
    plan.quiet = false;
}

static void report(double time) {
    printf("\nencodings tried                %12llu\naccepted, decoded twice        %12llu\ndisagreements                  %12llu\n",
           (unsigned long long)tally.tried, (unsigned long long)tally.accepted, (unsigned long long)tally.disagreements);
    for (unsigned rule = 0; rule < RULE_COUNT_MAX; rule++)
        if (tally.by_rule[rule])
            printf("  refused by %-19s %12llu\n", rule_name(rule), (unsigned long long)tally.by_rule[rule]);
    for (unsigned check = 1; check < CHECK_COUNT; check++)
        if (tally.by_check[check])
            printf("  differ by %-20s %12llu\n", check_name(check), (unsigned long long)tally.by_check[check]);
    printf("seconds of processor time      %12.1f\n\n", time);
}

static int usage(int status) {
    printf("usage: decoders [--full] [--tails N] [--seed N] [--part K/N] [--lie NAME] [--without RULE]\n"
           "  --full       everything with everything, and each SIB: some 20 times as much\n"
           "  --tails N    N random displacements and immediates behind each form that is accepted (1)\n"
           "  --part K/N   the opcodes whose number is K modulo N, so that long runs can be divided\n"
           "  --lie NAME, --without RULE   put a fault in, and see the test fail:");
    for (enum lie lie = LIE_NONE + 1; lie < LIE_COUNT; lie++)
        printf(" %s", lie_name(lie));
    printf("\n");
    return status;
}

// make test TEST=text filters Criterion's tests by `*/*text*'; there is one test program here.
static bool meant(const char *filter) {
    char text[64];
    return sscanf(filter, "*/*%63[^*]", text) != 1 || strstr("decoders", text);
}

static bool options(int argc, char **argv, int *status) {
    static const struct option names[] = {{"full", 0, 0, 'f'}, {"tails", 1, 0, 't'}, {"seed", 1, 0, 's'},   {"part", 1, 0, 'p'},
                                          {"lie", 1, 0, 'l'},  {"help", 0, 0, 'h'},  {"filter", 1, 0, 'i'}, {"without", 1, 0, 'w'}, {0}};
    bool good = true;
    *status = 2;
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;)
        switch (option) {
        case 'f': plan.full = true; break;
        case 't': good &= sscanf(optarg, "%u", &plan.tails) == 1 && plan.tails; break;
        case 's': plan.seed = strtoull(optarg, NULL, 0); break;
        case 'p': good &= sscanf(optarg, "%u/%u", &plan.part, &plan.parts) == 2 && plan.part < plan.parts; break;
        case 'i': plan.skip = !meant(optarg); break;
        case 'l':
            while (++plan.lie < LIE_COUNT && strcmp(lie_name(plan.lie), optarg) != 0) {}
            good &= plan.lie < LIE_COUNT;
            break;
        case 'w':
            while (++plan.ignored < RULE_COUNT_MAX && strcmp(rule_name(plan.ignored), optarg) != 0) {}
            good &= plan.ignored < RULE_COUNT_MAX;
            break;
        case 'h': *status = 0; return false;
        default: good = false;
        }
    return good && optind == argc;
}

int main(int argc, char **argv) {
    int status;
    if (!options(argc, argv, &status))
        return usage(status);
    if (plan.skip) {
        printf("0 passed, 0 failed\n");
        return 0;
    }
    if (!ask_open() || !second_open()) {
        fprintf(stderr, "decoders: one of the decoders cannot be opened\n");
        return 2;
    }
    double start = seconds();
    bool whole = plan.parts == 1 && plan.lie == LIE_NONE && !plan.ignored;
    compare_all();
    double time = seconds() - start;
    if (whole)
        test_faults();
    report(time);
    ask_close();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
