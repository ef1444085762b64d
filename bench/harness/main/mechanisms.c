// SPDX-License-Identifier: MIT
//
// bench/mechanisms: what a call into a domain costs whose mechanism of isolation is that of the archive. An indirect call stands beside it in each round,
// in the same process on the same processor; where the domain is a process of its own, that is left to Linux.
//
//   mechanisms ARCHIVE OUT.json [ROUNDS [CALLS]]
#include "bench/harness/harness.h"

#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "kernel/domain/invoke.h"

#define METHOD_RUN 0 // of BenchClient
#define ROUNDS_MAX 5000

static const struct {
    const char *name, *what;
    uint32_t batch;
} kinds[] = {{"local", "an indirect call inside the client", BH_BENCH_BATCH_LOCAL},
             {"call", "a call into the server", BH_BENCH_BATCH_NOTHING},
             {"record", "the same with a structure of 64 bytes", BH_BENCH_BATCH_RECORD}};
#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))

static uint32_t rounds = 401, calls = 2000;
static double *ticks[KIND_COUNT], *cycles[KIND_COUNT];
static int processor;
static FILE *out;

static bool measure_round(struct port *client, uint32_t round) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        uint64_t arguments[5] = {kinds[i].batch, calls}, took;
        double before = cycles_per_tick();
        enum bh_error error = invoke_port(client, METHOD_RUN, arguments, &took);
        double after = cycles_per_tick(), rate = before > after ? before : after;
        if (error) {
            fprintf(stderr, "mechanisms: %s: error %d\n", kinds[i].name, error);
            return false;
        }
        ticks[i][round] = (double)took / calls;
        cycles[i][round] = ticks[i][round] * rate;
    }
    return true;
}

static int benchmark(void) {
    struct port *client = served_port("call-client", "client");
    if (!client || !served_port("call-server", "target"))
        return 1;
    double tick_ns = ns_per_tick();
    for (uint32_t round = 0; round < rounds; round++)
        if (!measure_round(client, round))
            return 1;
    fprintf(out, "{\"processor\": %d, \"rounds\": %u, \"calls\": %u, \"kinds\": [", processor, rounds, calls);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        fprintf(out, "%s\n  {\"name\": \"%s\", \"what\": \"%s\", ", i ? "," : "", kinds[i].name, kinds[i].what);
        print_samples(out, "ns", ticks[i], rounds, tick_ns);
        fputs(", ", out);
        print_samples(out, "cycles", cycles[i], rounds, 1);
        fputs("}", out);
    }
    fputs("\n]}\n", out);
    return 0;
}

static bool number(const char *text, uint32_t *value) {
    *value = (uint32_t)strtoul(text, NULL, 10);
    if (*value && *value <= ROUNDS_MAX)
        return true;
    fprintf(stderr, "mechanisms: %s: give a number from 1 to %d\n", text, ROUNDS_MAX);
    return false;
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 5) {
        fputs("usage: mechanisms ARCHIVE OUT.json [ROUNDS [CALLS]]\n", stderr);
        return 2;
    }
    if ((argc > 3 && !number(argv[3], &rounds)) || (argc > 4 && !number(argv[4], &calls)))
        return 2;
    out = fopen(argv[2], "w");
    if (!out) {
        perror(argv[2]);
        return 1;
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        ticks[i] = calloc(rounds, sizeof(double));
        cycles[i] = calloc(rounds, sizeof(double));
        if (!ticks[i] || !cycles[i])
            abort();
    }
    processor = pin_to_processor();
    int status = run_in_kernel(argv[1], benchmark);
    return fclose(out) == 0 ? status : 1;
}
