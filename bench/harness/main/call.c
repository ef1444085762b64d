// SPDX-License-Identifier: MIT
//
// bench/call: what a call into another domain costs, beside an indirect call and hand-overs between Linux processes. All of it in one
// process on one processor: in each round every kind gets one batch, so that a change of clock rate or a noisy neighbour hits all alike.
//
//   call ARCHIVE OUT.json [ROUNDS]
#include "bench/harness/harness.h"

#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/invoke.h"
#include "kernel/domain/loader.h"

#define ROUNDS_DEFAULT 401
#define ROUNDS_MAX 5000
#define METHOD_RUN 0 // of BenchClient
#define WARM_UP 32 // calls of a domain's batch that are not timed
#define KINDS_MAX 24

struct kind {
    const char *name, *what;
    uint32_t batch, count; // of a domain's kinds: enum bh_bench_batch
    bool (*run)(const struct kind *kind, uint64_t *ticks);
    const struct handover *handover;
    double *ticks, *cycles; // by round, for one call
    double base_writes;     // for one call, in the last round
};

static struct port *client;
static struct kind kinds[KINDS_MAX];
static size_t kind_count;
static uint32_t rounds = ROUNDS_DEFAULT;
static int processor;
static FILE *out;

typedef int64_t native_function(uint32_t argument);
static __attribute__((noinline)) int64_t native(uint32_t argument) {
    __asm__ volatile("" : "+r"(argument));
    return 0;
}

static bool run_indirect(const struct kind *kind, uint64_t *ticks) {
    native_function *function = native;
    int64_t error = 0;
    __asm__ volatile("" : "+r"(function));
    uint64_t start = ticks_now();
    for (uint32_t i = 0; i < kind->count; i++)
        error |= function(7);
    *ticks = ticks_now() - start;
    return error == 0;
}

static bool run_domain(const struct kind *kind, uint64_t *ticks) {
    uint64_t arguments[5] = {kind->batch, kind->count};
    enum bh_error error = invoke_port(client, METHOD_RUN, arguments, ticks);
    if (error)
        fprintf(stderr, "bench: %s: error %d\n", kind->name, error);
    return error == BH_OK;
}

// With the traced proxies in the tables of the domains, as while somebody watches.
static bool run_watched(const struct kind *kind, uint64_t *ticks, uint32_t classes) {
    if (trace_start(classes, BH_TRACE_RECORDS_MIN))
        return false;
    loader_trace(true, false);
    bool done = run_domain(kind, ticks);
    loader_trace(false, false);
    trace_stop();
    return done;
}

static bool run_traced(const struct kind *kind, uint64_t *ticks) {
    return run_watched(kind, ticks, BH_TRACE_CALLS);
}

static bool run_counted(const struct kind *kind, uint64_t *ticks) {
    return run_watched(kind, ticks, BH_TRACE_STATISTICS);
}

static bool run_handover(const struct kind *kind, uint64_t *ticks) {
    uint64_t start = ticks_now();
    for (uint32_t i = 0; i < kind->count; i++)
        if (!kind->handover->there_and_back())
            return false;
    *ticks = ticks_now() - start;
    return true;
}

static void add(struct kind kind) {
    kind.ticks = calloc(rounds, sizeof(double));
    kind.cycles = calloc(rounds, sizeof(double));
    if (!kind.ticks || !kind.cycles)
        abort();
    kinds[kind_count++] = kind;
}

static void add_all(void) {
    add((struct kind){"indirect", "indirect function call", 0, 2000, run_indirect, NULL, NULL, NULL, 0});
    add((struct kind){"local", "the same inside a domain, with its type check", BH_BENCH_BATCH_LOCAL, 2000, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"call", "call into another domain, bases cached", BH_BENCH_BATCH_NOTHING, 2000, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"traced", "the same while calls are traced: two records", BH_BENCH_BATCH_NOTHING, 2000, run_traced, NULL, NULL, NULL, 0});
    add((struct kind){"counted", "the same while calls are counted: errors and latency of each edge", BH_BENCH_BATCH_NOTHING, 2000, run_counted, NULL, NULL, NULL, 0});
    add((struct kind){"record", "the same with a structure of 64 bytes", BH_BENCH_BATCH_RECORD, 2000, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"same-colour", "call into a domain of the same colour: a base written each way", BH_BENCH_BATCH_SAME_COLOUR, 500,
                      run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"move", "call that moves a page: unmapped here, mapped there", BH_BENCH_BATCH_MOVE, 10, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"chain", "A calls B, which calls C; colours gs fs gs", BH_BENCH_BATCH_CHAIN_GOOD, 500, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"chain-bad", "the same, colours gs gs gs", BH_BENCH_BATCH_CHAIN_BAD, 500, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"chain-16", "A calls B, which calls C 16 times; colours gs fs gs", BH_BENCH_BATCH_CHAIN_GOOD_16, 100, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"chain-16-bad", "the same, colours gs gs gs", BH_BENCH_BATCH_CHAIN_BAD_16, 100, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"shadow", "call through a shadow that only passes it on; colours gs fs gs", BH_BENCH_BATCH_SHADOW, 500, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"shadow-measure", "the same through one that measures it", BH_BENCH_BATCH_MEASURED, 500, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"derive", "a capability is derived and dropped: two calls of the kernel", BH_BENCH_BATCH_DERIVE, 200, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"revoke-20", "a capability of a tree of 20 is revoked", BH_BENCH_BATCH_REVOKE, 20, run_domain, NULL, NULL, NULL, 0});
    add((struct kind){"revoke-500", "the same of a tree of 500, in several calls of the kernel", BH_BENCH_BATCH_REVOKE, 500, run_domain, NULL, NULL, NULL, 0});
    for (size_t i = 0; i < handover_count; i++)
        add((struct kind){handovers[i].name, handovers[i].what, 0, 20, run_handover, &handovers[i], NULL, NULL, 0});
}

static uint64_t base_writes(void) {
    uint64_t count = 0;
    for (uint32_t id = 1; id < BH_SLOT_COUNT; id++)
        count += domain_get(id) ? domain_get(id)->base_writes : 0;
    return count;
}

static bool measure_round(uint32_t round) {
    for (size_t i = 0; i < kind_count; i++) {
        struct kind *kind = &kinds[i];
        uint64_t ticks;
        if (kind->run != run_domain)
            timer_hold();
        uint64_t writes = base_writes();
        double before = cycles_per_tick();
        if (!kind->run(kind, &ticks))
            return false;
        double after = cycles_per_tick(), rate = before > after ? before : after; // an interrupt makes a chain look slow, never fast
        timer_release();
        kind->base_writes = (double)(base_writes() - writes) / (kind->count + WARM_UP);
        kind->ticks[round] = (double)ticks / kind->count;
        kind->cycles[round] = kind->ticks[round] * rate;
    }
    return true;
}

static void print_results(double tick_ns, double cycles) {
    fprintf(out, "{\"benchmark\": \"call\", \"processor\": %d, \"rounds\": %u, \"tick_ns\": %.6f, \"cycles_per_tick\": %.4f, \"kinds\": [",
            processor, rounds, tick_ns, cycles);
    for (size_t i = 0; i < kind_count; i++) {
        struct kind *kind = &kinds[i];
        fprintf(out, "%s\n  {\"name\": \"%s\", \"what\": \"%s\", \"batch\": %u, ", i ? "," : "", kind->name, kind->what, kind->count);
        if (kind->run == run_domain && kind->batch < BH_BENCH_BATCH_DERIVE && kind->batch != BH_BENCH_BATCH_MOVE)
            fprintf(out, "\"base_writes\": %.2f, ", kind->base_writes);
        print_samples(out, "ns", kind->ticks, rounds, tick_ns);
        fputs(", ", out);
        print_samples(out, "cycles", kind->cycles, rounds, 1);
        fputs("}", out);
    }
    fputs("\n]}\n", out);
}

static int benchmark(void) {
    client = served_port("call-client", "client");
    if (!client || !served_port("call-server", "target") || !served_port("call-near", "near") ||
        !served_port("middle-gs", "middle-gs") || !served_port("middle-fs", "middle-fs"))
        return 1;
    double tick_ns = ns_per_tick(), cycles = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        if (!measure_round(round))
            return 1;
        double rate = cycles_per_tick();
        cycles = rate > cycles ? rate : cycles;
    }
    print_results(tick_ns, cycles);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 4) {
        fputs("usage: call ARCHIVE OUT.json [ROUNDS]\n", stderr);
        return 2;
    }
    if (argc == 4)
        rounds = (uint32_t)strtoul(argv[3], NULL, 10);
    if (!rounds || rounds > ROUNDS_MAX) {
        fprintf(stderr, "call: %s rounds: give a number from 1 to %d\n", argv[3], ROUNDS_MAX);
        return 2;
    }
    out = fopen(argv[2], "w");
    if (!out) {
        perror(argv[2]);
        return 1;
    }
    processor = pin_to_processor();
    for (size_t i = 0; i < handover_count; i++)
        if (!handovers[i].start()) {
            perror(handovers[i].name);
            return 1;
        }
    add_all();
    int status = run_in_kernel(argv[1], benchmark);
    handovers_stop();
    return fclose(out) == 0 ? status : 1;
}
