// SPDX-License-Identifier: MIT
//
// Fuzz target: an image, mutated (execution/mutate.c), goes to the verifier; whatever that accepts is mapped as the loader does it and run,
// from every function, with registers and memory full of pointers to where a domain must never reach (tests/verifier/containment). Nothing
// may be touched outside the slot, control stay in the text, the control stack come back as it was. An input is an image, so that
// bhverify says what it is; its bytes decide colour and registers, so that it does the same again.
//
//   make fuzz TARGET=execution
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/execution/mutate.h"
#include "tests/verifier/containment/generate.h"

enum {
    TEXT_LIMIT = 1 << 16,
    FUNCTIONS_RUN = 12,   // of an image, and
    RUNS_OF_FUNCTION = 3, // times
    STEPPED = 3,          // functions of an image whose first run is stepped, for
    STEPS = 40,           // instructions
    PROTECTED = 32,       // each so many accepted images run while the host's memory is read-only
    FEATURES = 4096,
};

// Tells libFuzzer what is new in an accepted image besides the verifier's own coverage: instruction forms, and how runs end.
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t features[FEATURES];

static struct {
    unsigned long inputs, accepted, images_run, runs, returned, faults, too_long, protected;
} counts;

static const int foreign_signals[] = {SIGALRM, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
static bool starts[TEXT_LIMIT];

static void print_counts(void) {
    fprintf(stderr, "execution: %lu inputs, %lu accepted (%lu %%), %lu runs: %lu returned, %lu faulted in the slot, %lu took too long; "
                    "%lu table calls, %lu images with the host's memory read-only\n",
            counts.inputs, counts.accepted, counts.inputs ? 100 * counts.accepted / counts.inputs : 0, counts.runs, counts.returned,
            counts.faults, counts.too_long, (unsigned long)sandbox_calls, counts.protected);
}

static uint64_t hash_of(const uint8_t *data, size_t size) {
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 0x100000001b3;
    return hash;
}

static void note(uint32_t feature) {
    features[feature % FEATURES] = 1;
}

// The form of an instruction: prefixes, opcode, kind of operand.
static void note_form(const uint8_t *code, size_t size) {
    uint32_t prefixes = 0;
    size_t i = 0;
    for (; i + 1 < size; i++) {
        uint8_t b = code[i];
        if (b == 0x66 || b == 0xf0 || (b & 0xfe) == 0xf2)
            prefixes = prefixes * 3 + b;
        else if (b != 0x67 && (b & 0xfe) != 0x64 && (b & 0xf0) != 0x40)
            break;
    }
    bool two = code[i] == 0x0f && i + 1 < size;
    uint8_t opcode = code[i + two], operand = i + two + 1 < size ? code[i + two + 1] : 0;
    note((prefixes * 31 + opcode + (two ? 256u : 0u)) * 5 + (operand >= 0xc0 ? 1 : (operand & 0xc7) == 5 ? 2 : (operand & 7) == 4 ? 3 : 0));
}

static void note_forms(const struct verified_image *image) {
    const uint8_t *text = NULL;
    uint32_t size = image->text_end - image->text_start;
    for (uint32_t i = 0; i < image->segment_count; i++)
        if (image->segments[i].protection & VERIFY_EXECUTE)
            text = image->bytes + image->segments[i].file_offset;
    if (!text || !boundaries_of(text, size, starts)) {
        fprintf(stderr, "execution: an accepted text does not decode\n");
        abort();
    }
    for (uint32_t at = 0, next; at < size; at = next) {
        for (next = at + 1; next < size && !starts[next]; next++)
            ;
        note_form(text + at, next - at);
    }
}

static void complain(const struct outcome *outcome, const struct registers *r, uint32_t entry, enum bh_colour colour) {
    const uint64_t *words = &r->rax;
    sandbox_protect(false);
    fprintf(stderr, "execution: ESCAPED: %s; at 0x%llx after %u steps; entered at 0x%x, colour %s\n", outcome->why,
            (unsigned long long)outcome->rip, outcome->steps, entry, colour == BH_COLOUR_GS ? "gs" : "fs");
    fprintf(stderr, "rax rbx rcx rdx rsi rdi rbp r8-r15:");
    for (int i = 0; i < 15; i++)
        fprintf(stderr, " %llx", (unsigned long long)words[i]);
    fprintf(stderr, "\n");
    abort();
}

static void count(const struct outcome *outcome) {
    counts.runs++;
    counts.returned += outcome->result == RESULT_RETURNED;
    counts.faults += outcome->result == RESULT_FAULT;
    counts.too_long += outcome->result == RESULT_LONG;
}

static void run_function(const struct verified_image *image, uint32_t entry, uint32_t steps, enum bh_colour colour) {
    for (uint32_t i = 0; i < RUNS_OF_FUNCTION; i++) {
        struct registers registers = random_registers();
        struct outcome outcome = sandbox_run(entry, &registers, starts, i ? 0 : steps);
        count(&outcome);
        if (outcome.result == RESULT_ESCAPED)
            complain(&outcome, &registers, entry, colour);
        if (outcome.result == RESULT_FAULT)
            note(FEATURES / 2 + (uint32_t)(outcome.rip - image->text_start) % 512 * 2);
        if (outcome.result == RESULT_LONG)
            return; // an endless loop costs as much as hundreds of others
    }
}

static void run_functions(const struct verified_image *image, enum bh_colour colour) {
    bool protect = counts.images_run++ % PROTECTED == 0;
    counts.protected += protect;
    if (protect)
        sandbox_protect(true);
    uint32_t first = image->function_count > FUNCTIONS_RUN ? random_below(image->function_count) : 0;
    for (uint32_t i = 0; i < image->function_count && i < FUNCTIONS_RUN; i++)
        run_function(image, image->functions[(first + i) % image->function_count], i < STEPPED ? STEPS : 0, colour);
    if (protect)
        sandbox_protect(false);
}

// libFuzzer's own handlers (of its alarm, of Ctrl-C) must not run on a domain's stack with a domain's %fs: they wait.
static void run_image(const struct verified_image *image, enum bh_colour colour) {
    sigset_t waiting, before;
    if (image->text_end - image->text_start > TEXT_LIMIT)
        return;
    note_forms(image);
    if (!sandbox_load(image, colour))
        return;
    sigemptyset(&waiting);
    for (size_t i = 0; i < sizeof(foreign_signals) / sizeof(*foreign_signals); i++)
        sigaddset(&waiting, foreign_signals[i]);
    sigprocmask(SIG_BLOCK, &waiting, &before);
    run_functions(image, colour);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

bool is_accepted(const uint8_t *data, size_t size) {
    struct verified_image image;
    struct verify_report report;
    if (verify_image(data, size, BH_COLOUR_GS, &image, &report))
        return false;
    verified_image_free(&image);
    return true;
}

static void open_once(void) {
    static bool open;
    if (!open && !sandbox_open()) {
        fprintf(stderr, "execution: a slot and a control stack cannot be mapped in this process\n");
        exit(1);
    }
    if (!open)
        atexit(print_counts);
    open = true;
}

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Without libFuzzer's second thread, which watches memory and would need its stack while the host's memory is read-only.
int LLVMFuzzerInitialize(int *count, char ***arguments) {
    static char *more[64];
    if (*count >= 62)
        return 0;
    memcpy(more, *arguments, (size_t)*count * sizeof(*more));
    more[(*count)++] = "-rss_limit_mb=0";
    *arguments = more;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static _Alignas(4096) uint8_t bytes[INPUT_MAX];
    struct verified_image image;
    struct verify_report report;
    if (size > INPUT_MAX)
        return 0;
    open_once();
    uint64_t hash = hash_of(data, size);
    random_seed(hash);
    enum bh_colour colour = hash >> 60 & 1 ? BH_COLOUR_FS : BH_COLOUR_GS;
    memcpy(bytes, data, size);
    counts.inputs++;
    int refused = hash % 8 ? -1 : 0; // mostly not worth keeping: tests/fuzz/verifier.c is after the ways to refuse
    if (colour == BH_COLOUR_FS && verify_recolour(bytes, size, BH_COLOUR_GS, colour, &report))
        return refused;
    if (verify_image(bytes, size, colour, &image, &report))
        return refused;
    counts.accepted++;
    run_image(&image, colour);
    verified_image_free(&image);
    return 0;
}
