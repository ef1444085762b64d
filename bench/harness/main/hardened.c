// SPDX-License-Identifier: MIT
//
// bench/hardened: each program in a hardened domain against the same program in a domain as usual, both run by the same kernel thread in turn.
// A program's ratio is the median over the pairs, in processor time of the thread.
//
//   hardened ARCHIVE OUT.json [PAIRS [MICROSECONDS]]
#include "bench/harness/harness.h"

#include <stdlib.h>

#include "bench/programs/programs.h"
#include "kernel/domain/invoke.h"

#define PAIRS_DEFAULT 21
#define PAIRS_MAX 1000
#define SLICE_US_DEFAULT 4000
#define MICROSECOND_NS 1000.0
#define METHOD_RUN 0 // of BenchPrograms

static struct port *plain, *hardened;
static uint32_t pairs = PAIRS_DEFAULT;
static double slice_ns = SLICE_US_DEFAULT * MICROSECOND_NS;
static int processor;
static FILE *out;

struct result {
    double time_ns;
    uint64_t checksum;
};

// A timed run behind a shorter one of the same code, which teaches the branch predictors.
static bool run(struct port *port, size_t index, uint32_t rounds, struct result *result) {
    uint64_t arguments[5] = {index, rounds / 3 + 1};
    enum bh_error error = invoke_port(port, METHOD_RUN, arguments, &result->checksum);
    arguments[1] = rounds;
    uint64_t start = cpu_time_ns();
    if (!error)
        error = invoke_port(port, METHOD_RUN, arguments, &result->checksum);
    result->time_ns = (double)(cpu_time_ns() - start);
    if (error)
        fprintf(stderr, "bench: %s in domain %s: error %d\n", programs[index].name, port->server->name, error);
    return error == BH_OK;
}

// Rounds for about one slice, from the second of two runs (the first one warms up).
static uint32_t fitting_rounds(size_t index) {
    uint32_t rounds = programs[index].rounds > 8 ? programs[index].rounds / 8 : 1;
    struct result result;
    if (!run(plain, index, rounds, &result) || !run(plain, index, rounds, &result))
        return 0;
    double wanted = rounds * slice_ns / (result.time_ns + 1);
    return wanted < 1 ? 1 : (uint32_t)wanted;
}

static bool measure_pair(size_t index, uint32_t rounds, bool hardened_first, double *plain_ns, double *hardened_ns) {
    struct result usual, hard;
    if (hardened_first && !run(hardened, index, rounds, &hard))
        return false;
    if (!run(plain, index, rounds, &usual) || (!hardened_first && !run(hardened, index, rounds, &hard)))
        return false;
    *plain_ns = usual.time_ns;
    *hardened_ns = hard.time_ns;
    if (usual.checksum != hard.checksum)
        fprintf(stderr, "bench: %s: checksum %016llx hardened, %016llx as usual\n", programs[index].name, (unsigned long long)hard.checksum,
                (unsigned long long)usual.checksum);
    return usual.checksum == hard.checksum;
}

static bool measure(size_t index) {
    double plain_ns[PAIRS_MAX], hardened_ns[PAIRS_MAX], ratio[PAIRS_MAX];
    uint32_t rounds = fitting_rounds(index);
    for (uint32_t pair = 0; pair < pairs; pair++) {
        if (!rounds || !measure_pair(index, rounds, pair % 2, &plain_ns[pair], &hardened_ns[pair]))
            return false;
        ratio[pair] = hardened_ns[pair] / plain_ns[pair];
    }
    fprintf(out, "%s\n  {\"name\": \"%s\", \"what\": \"%s\", \"rounds\": %u, ", index ? "," : "", programs[index].name, programs[index].what, rounds);
    print_quartiles(out, "plain_ns", quartiles_of(plain_ns, pairs));
    fputs(", ", out);
    print_quartiles(out, "hardened_ns", quartiles_of(hardened_ns, pairs));
    fputs(", ", out);
    print_quartiles(out, "ratio", quartiles_of(ratio, pairs));
    fputs("}", out);
    return true;
}

static int benchmark(void) {
    plain = served_port("confined", "programs");
    hardened = served_port("hardened", "programs-hardened");
    if (!plain || !hardened)
        return 1;
    fprintf(out, "{\"benchmark\": \"hardened\", \"processor\": %d, \"pairs\": %u, \"programs\": [", processor, pairs);
    for (size_t i = 0; i < program_count; i++)
        if (!measure(i))
            return 1;
    fputs("\n]}\n", out);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 5) {
        fputs("usage: hardened ARCHIVE OUT.json [PAIRS [MICROSECONDS]]\n", stderr);
        return 2;
    }
    if (argc > 3)
        pairs = (uint32_t)strtoul(argv[3], NULL, 10);
    if (argc > 4)
        slice_ns = (double)strtoul(argv[4], NULL, 10) * MICROSECOND_NS;
    if (!pairs || pairs > PAIRS_MAX) {
        fprintf(stderr, "hardened: %s pairs: give a number from 1 to %d\n", argv[3], PAIRS_MAX);
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
