// SPDX-License-Identifier: MIT
//
// bench/confinement: each program compiled by bhcc in a domain against the same source compiled by clang -O2 into this process, both run
// by the same kernel thread in turn. A program's ratio is the median over the pairs, in processor time of the thread.
//
//   confinement ARCHIVE OUT.json [PAIRS [MICROSECONDS]]
#include "bench/harness/harness.h"

#include <stdlib.h>

#include "bench/programs/programs.h"
#include "kernel/domain/invoke.h"

#define PAIRS_DEFAULT 41
#define PAIRS_MAX 1000
#define SLICE_US_DEFAULT 4000
#define METHOD_RUN 0 // of BenchPrograms
#define MICROSECOND_NS 1000.0

static struct port *domain;
static uint32_t pairs = PAIRS_DEFAULT;
static double slice_ns = SLICE_US_DEFAULT * MICROSECOND_NS;
static int processor;
static FILE *out;

struct result {
    double time_ns;
    uint64_t checksum;
};

// Each timed run follows a shorter one of the same code, which teaches the branch predictors: they know whole inputs by heart.
static uint32_t warm_up(uint32_t rounds) {
    return rounds / 3 + 1;
}

static struct result run_native(size_t index, uint32_t rounds) {
    timer_hold();
    programs[index].run(warm_up(rounds));
    uint64_t start = cpu_time_ns(), checksum = programs[index].run(rounds);
    struct result result = {(double)(cpu_time_ns() - start), checksum};
    timer_release();
    return result;
}

static bool run_confined(size_t index, uint32_t rounds, struct result *result) {
    uint64_t arguments[5] = {index, warm_up(rounds)};
    enum bh_error error = invoke_port(domain, METHOD_RUN, arguments, &result->checksum);
    arguments[1] = rounds;
    uint64_t start = cpu_time_ns();
    if (!error)
        error = invoke_port(domain, METHOD_RUN, arguments, &result->checksum);
    result->time_ns = (double)(cpu_time_ns() - start);
    if (error)
        fprintf(stderr, "bench: %s in its domain: error %d\n", programs[index].name, error);
    return error == BH_OK;
}

// Rounds for about one slice, from the second of two runs (the first one warms up).
static uint32_t fitting_rounds(size_t index) {
    uint32_t rounds = programs[index].rounds > 8 ? programs[index].rounds / 8 : 1;
    run_native(index, rounds);
    double wanted = rounds * slice_ns / (run_native(index, rounds).time_ns + 1);
    return wanted < 1 ? 1 : (uint32_t)wanted;
}

static bool measure(size_t index) {
    const struct program *program = &programs[index];
    double native[PAIRS_MAX], confined[PAIRS_MAX], ratio[PAIRS_MAX];
    uint32_t rounds = fitting_rounds(index);
    for (uint32_t pair = 0; pair < pairs; pair++) {
        struct result there = {0}, here = {0};
        if (pair % 2)
            here = run_native(index, rounds);
        if (!run_confined(index, rounds, &there))
            return false;
        if (pair % 2 == 0)
            here = run_native(index, rounds);
        if (here.checksum != there.checksum) {
            fprintf(stderr, "bench: %s: checksum %016llx in its domain, %016llx outside\n", program->name,
                    (unsigned long long)there.checksum, (unsigned long long)here.checksum);
            return false;
        }
        native[pair] = here.time_ns;
        confined[pair] = there.time_ns;
        ratio[pair] = there.time_ns / here.time_ns;
    }
    fprintf(out, "%s\n  {\"name\": \"%s\", \"what\": \"%s\", \"rounds\": %u, ", index ? "," : "", program->name,
            program->what, rounds);
    print_quartiles(out, "native_ns", quartiles_of(native, pairs));
    fputs(", ", out);
    print_quartiles(out, "confined_ns", quartiles_of(confined, pairs));
    fputs(", ", out);
    print_quartiles(out, "ratio", quartiles_of(ratio, pairs));
    fputs("}", out);
    return true;
}

static int benchmark(void) {
    domain = served_port("confined", "programs");
    if (!domain)
        return 1;
    fprintf(out, "{\"benchmark\": \"confinement\", \"processor\": %d, \"pairs\": %u, \"programs\": [", processor, pairs);
    for (size_t i = 0; i < program_count; i++)
        if (!measure(i))
            return 1;
    fputs("\n]}\n", out);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 5) {
        fputs("usage: confinement ARCHIVE OUT.json [PAIRS [MICROSECONDS]]\n", stderr);
        return 2;
    }
    if (argc > 3)
        pairs = (uint32_t)strtoul(argv[3], NULL, 10);
    if (argc > 4)
        slice_ns = (double)strtoul(argv[4], NULL, 10) * MICROSECOND_NS;
    if (!pairs || pairs > PAIRS_MAX) {
        fprintf(stderr, "confinement: %s pairs: give a number from 1 to %d\n", argv[3], PAIRS_MAX);
        return 2;
    }
    out = fopen(argv[2], "w");
    if (!out) {
        perror(argv[2]);
        return 1;
    }
    processor = pin_to_processor();
    int status = run_in_kernel(argv[1], benchmark);
    return fclose(out) == 0 ? status : 1;
}
