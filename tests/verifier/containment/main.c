// SPDX-License-Identifier: MIT
//
// What the verifier accepts is run and watched: each accepted instruction alone, random functions, and mutations of them that are
// accepted too. CONTAINMENT_SECONDS in the environment gives the random part more time. Ends with `N passed, N failed`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/verifier/containment/generate.h"
#include "tests/verifier/containment/sandbox.h"

// Single steps: into the instruction and behind it; a good part of a function. The first run only: a step costs microseconds.
enum { STEPS_ALONE = 3, STEPS_FUNCTIONS = 40 };

static struct builder builder;
static struct pool pool;
static bool starts[TEXT_MAX];
static uint32_t passed, failed, runs, accepted;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void verdict(const char *name, bool good) {
    passed += good;
    failed += !good;
    printf("%s %s\n", good ? "ok" : "FAILED", name);
    fflush(stdout);
}

static void show(const struct outcome *outcome, const struct registers *r) {
    const uint64_t *words = &r->rax;
    printf("     %s; at 0x%llx after %u steps; text:", outcome->why, (unsigned long long)outcome->rip, outcome->steps);
    for (uint32_t i = 0; i < builder.text_size; i++)
        printf(" %02x", builder.text[i]);
    printf("\n     rax rbx rcx rdx rsi rdi rbp r8-r15:");
    for (int i = 0; i < 15; i++)
        printf(" %llx", (unsigned long long)words[i]);
    printf("\n");
}

static bool verify(struct verified_image *image) {
    size_t size;
    struct verify_report report;
    const uint8_t *file = builder_image(&builder, &size);
    return verify_image(file, size, BH_COLOUR_GS, image, &report) == BH_OK;
}

// Load the builder's image, verified, and run it from its first function. False: it escaped.
static bool run_loaded(const struct verified_image *image, int times, uint32_t steps) {
    bool good = boundaries_of(builder.text, builder.text_size, starts) && sandbox_load(image, BH_COLOUR_GS);
    for (int i = 0; i < times && good; i++) {
        struct registers registers = random_registers();
        uint32_t function = builder.functions[random_below(builder.function_count)];
        struct outcome outcome = sandbox_run(TEXT_START + function, &registers, starts, i ? 0 : steps);
        runs++;
        if (outcome.result == RESULT_ESCAPED) {
            show(&outcome, &registers);
            good = false;
        }
    }
    return good;
}

static bool try_candidate(const struct candidate *c, int times) {
    struct verified_image image;
    builder_reset(&builder);
    function_around(&builder, c);
    if (!verify(&image))
        return true;
    accepted++;
    pool_add(&pool, c);
    bool good = run_loaded(&image, times, STEPS_ALONE);
    verified_image_free(&image);
    return good;
}

static void test_watch(void) {
    static const struct {
        const char *name, *bytes;
        size_t size;
    } crimes[] = {{"a store outside", "\x48\x89\x01", 3},
                  {"a store over the return address", "\x48\x83\x44\x24\x40\x01", 6},
                  {"a store above the frame", "\x48\x89\x44\x24\x48", 5},
                  {"a jump into an instruction", "\xeb\x01\xb8\x90\x90\x90\x90", 7},
                  {"a lost stack pointer", "\x48\x83\xec\x10", 4},
                  {"the direction flag", "\xfd", 1},
                  {"a system call", "\xb8\x27\x00\x00\x00\x0f\x05", 7},
                  {"an instruction that the processor refuses", "\x0f\xb9\xc0", 3},
                  {"a halted processor", "\xf4", 1},
                  {"a store through the other segment register", "\x64\x67\x89\x01", 4},
                  {"another base of %gs", "\xf3\x48\x0f\xae\xd9", 5},
                  {"another vector control word", "\x68\x80\x3f\x00\x00\x0f\xae\x14\x24\x58", 10},
                  {"another x87 control word", "\x6a\x7f\xd9\x2c\x24\x58", 6},
                  {"a load past the stack arguments", "\x48\x8b\x84\x24\x60\x01\x00\x00", 8},
                  {"a jump out of the text", "\xff\xe1", 2},
                  {"a store to the control block", "\x48\x89\xe0\x48\x25\x00\x00\xff\xff\x48\xff\x40\x08", 13}};
    for (size_t i = 0; i < sizeof(crimes) / sizeof(*crimes); i++) {
        struct candidate c = {.size = (uint8_t)crimes[i].size};
        char name[96];
        memcpy(c.bytes, crimes[i].bytes, crimes[i].size);
        builder_reset(&builder);
        function_around(&builder, &c);
        boundaries_of(builder.text, builder.text_size, starts);
        struct verified_segment text = {0, builder.text_size, TEXT_START, builder.text_size, VERIFY_READ | VERIFY_EXECUTE};
        struct verified_image image = {.bytes = builder.text, .segments = {text}, .segment_count = 1, .text_start = TEXT_START,
                                       .text_end = TEXT_START + builder.text_size};
        struct registers registers = random_registers();
        registers.rcx = NOWHERE + DATA_START;
        sandbox_load(&image, BH_COLOUR_GS);
        snprintf(name, sizeof(name), "the watch notices %s", crimes[i].name);
        verdict(name, sandbox_run(TEXT_START, &registers, starts, STEPS_FUNCTIONS).result == RESULT_ESCAPED);
    }
}

static void test_systematic(void) {
    struct candidate c;
    bool good = true, end = false;
    for (uint32_t n = 0; !end; n++)
        if (candidate_systematic(n, &c, &end))
            good &= try_candidate(&c, 2);
    printf("     %u accepted instructions, %u runs\n", accepted, runs);
    verdict("every instruction that is accepted stays in the slot", good && accepted > 5000);
}

static void test_random_instructions(double until) {
    struct candidate c;
    bool good = true;
    uint32_t tried = 0, before = accepted;
    for (; (seconds() < until || accepted == before) && good; tried++)
        if (candidate_random(&c))
            good &= try_candidate(&c, 2);
    printf("     %u tried, %u accepted\n", tried, accepted - before);
    verdict("instructions with odd prefixes stay in the slot when they are accepted", good && accepted > before);
}

static void mutate(void) {
    for (uint32_t n = 1 + random_below(3); n > 0; n--) {
        uint32_t at = random_below(builder.text_size);
        switch (random_below(4)) {
        case 0: builder.text[at] ^= (uint8_t)(1u << random_below(8)); break;
        case 1: builder.text[at] = (uint8_t)random_word(); break;
        case 2: builder.text[at] = builder.text[random_below(builder.text_size)]; break;
        default: memmove(builder.text + at, builder.text + random_below(builder.text_size - at) + at, random_below(builder.text_size - at) / 2);
        }
    }
}

enum { SETS_LEAST = 100, MUTANTS_LEAST = 100 };

static void test_functions(double until) {
    struct verified_image image;
    bool good = true, mutants_good = true;
    uint32_t made = 0, mutants = 0;
    while ((seconds() < until || made <= SETS_LEAST || mutants <= MUTANTS_LEAST) && good && mutants_good) { // on a busy host it takes longer
        builder_reset(&builder);
        functions_random(&builder, &pool);
        if (verify(&image)) {
            made++;
            good = run_loaded(&image, 6, STEPS_FUNCTIONS);
            verified_image_free(&image);
        }
        for (int i = 0; i < 20 && mutants_good; i++) {
            struct builder kept = builder;
            mutate();
            if (verify(&image)) {
                mutants++;
                mutants_good = run_loaded(&image, 3, STEPS_FUNCTIONS);
                verified_image_free(&image);
            }
            if (random_below(2))
                builder = kept;
        }
    }
    printf("     %u sets of functions, %u accepted mutants, %u runs in all\n", made, mutants, runs);
    verdict("random functions that are accepted stay in the slot", good && made > SETS_LEAST);
    verdict("accepted functions with changed bytes stay in the slot", mutants_good && mutants > MUTANTS_LEAST);
}

int main(int argc, char **argv) {
    const char *filter = argc > 2 ? argv[2] : "*/**";
    if (strlen(filter) > 3 && !strstr("*/*containment*", filter + 3)) { // run-tests asks for tests by name
        puts("0 passed, 0 failed");
        return 0;
    }
    const char *asked = getenv("CONTAINMENT_SECONDS"), *seed = getenv("CONTAINMENT_SEED");
    double budget = asked ? atof(asked) : 4;
    random_seed(seed ? strtoull(seed, NULL, 0) : 1);
    if (!sandbox_open()) {
        puts("FAILED a slot and a control stack can be mapped in this process\n0 passed, 1 failed");
        return 1;
    }
    test_watch();
    test_systematic();
    test_random_instructions(seconds() + budget / 3);
    test_functions(seconds() + budget * 2 / 3);
    printf("%u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
