// SPDX-License-Identifier: MIT
//
// bench/recovery, native part: a domain dies of a null pointer in a call, its supervisor restarts it, and the call is made again until it is answered;
// beside it a Linux process that does the same, restarted by fork and exec, and by posix_spawn. One of each in every round, on one processor.
//
//   recovery ARCHIVE OUT.json PROCESS [ROUNDS]
#include "bench/harness/harness.h"

#include <stdlib.h>
#include <string.h>

#include "bench/recovery/restart.h"
#include "kernel/debug/log.h"
#include "kernel/domain/invoke.h"
#include "kernel/sched/thread.h"

#define METHOD_TOUCH 0 // of BenchPatient
#define METHOD_FAIL 1
#define ROUNDS_MAX 5000
#define TRIES 100000

static const struct {
    const char *name, *what;
} kinds[] = {{"domain", "a domain, by its supervisor"}, {"fork", "a Linux process, by fork and exec"}, {"spawn", "a Linux process, by posix_spawn"}};
#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))

static uint32_t rounds = 401;
static double *dead[KIND_COUNT], *back[KIND_COUNT], *whole[KIND_COUNT];
static struct restart_times process_memory;
static int processor;
static FILE *out;

static bool restart_domain(struct port *patient, struct restart_times *times) {
    uint64_t arguments[5] = {7}, answer = 0;
    uint64_t begin = ticks_now();
    enum bh_error error = invoke_port(patient, METHOD_FAIL, arguments, &answer);
    uint64_t known = ticks_now();
    if (error != BH_EDEAD) {
        fprintf(stderr, "recovery: the domain did not die: error %d\n", error);
        return false;
    }
    for (int i = 0; i < TRIES && error; i++) {
        error = invoke_port(patient, METHOD_TOUCH, arguments, &answer);
        if (error)
            thread_yield(); // its supervisor and its successor are better than we are
    }
    *times = (struct restart_times){known - begin, ticks_now() - known};
    if (error || answer != arguments[0])
        fprintf(stderr, "recovery: the domain did not come back: error %d\n", error);
    return !error && answer == arguments[0];
}

static bool measure_round(struct port *patient, uint32_t round) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct restart_times times = {0, 0};
        if (i)
            timer_hold();
        bool done = i ? restart_round(i == 1 ? RESTART_FORK : RESTART_SPAWN, &times) : restart_domain(patient, &times);
        timer_release();
        if (!done)
            return false;
        dead[i][round] = (double)times.dead;
        back[i][round] = (double)times.back;
        whole[i][round] = (double)(times.dead + times.back);
    }
    return true;
}

static void print_results(const struct domain *patient, double tick_us) {
    fprintf(out, "{\"processor\": %d, \"rounds\": %u, \"restarts\": %u,\n \"memory\": {\"domain_quota\": %llu, \"process_private\": %llu, \"process_tables\": %llu}, \"kinds\": [",
            processor, rounds, patient->restarts, (unsigned long long)patient->memory_used, (unsigned long long)process_memory.dead << 10,
            (unsigned long long)process_memory.back << 10);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        double seconds = 0;
        for (uint32_t round = 0; round < rounds; round++)
            seconds += whole[i][round] * tick_us / 1e6;
        fprintf(out, "%s\n  {\"name\": \"%s\", \"what\": \"%s\", \"per_second\": %.1f, ", i ? "," : "", kinds[i].name, kinds[i].what, rounds / seconds);
        print_samples(out, "dead", dead[i], rounds, tick_us);
        fputs(", ", out);
        print_samples(out, "back", back[i], rounds, tick_us);
        fputs(", ", out);
        print_samples(out, "whole", whole[i], rounds, tick_us);
        fputs("}", out);
    }
    fputs("\n]}\n", out);
}

static int benchmark(void) {
    struct port *patient = served_port("patient", "patient");
    if (!patient)
        return 1;
    log_console_level(BH_LOG_ERROR); // deaths are what we came for, ...
    if (!freopen("/dev/null", "w", stderr))
        return 1; // ... and how long a terminal takes to show them is not
    double tick_us = ns_per_tick() / 1000;
    for (uint32_t round = 0; round < rounds; round++)
        if (!measure_round(patient, round))
            return 1;
    if (!restart_round(RESTART_MEMORY, &process_memory))
        return 1;
    print_results(domain_find("patient"), tick_us);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 4 || argc > 5) {
        fputs("usage: recovery ARCHIVE OUT.json PROCESS [ROUNDS]\n", stderr);
        return 2;
    }
    if (argc == 5)
        rounds = (uint32_t)strtoul(argv[4], NULL, 10);
    if (!rounds || rounds > ROUNDS_MAX) {
        fprintf(stderr, "recovery: %s rounds: give a number from 1 to %d\n", argv[4], ROUNDS_MAX);
        return 2;
    }
    out = fopen(argv[2], "w");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        dead[i] = calloc(rounds, sizeof(double));
        back[i] = calloc(rounds, sizeof(double));
        whole[i] = calloc(rounds, sizeof(double));
        if (!dead[i] || !back[i] || !whole[i])
            abort();
    }
    processor = pin_to_processor();
    if (!out || !restart_begin(argv[3])) {
        perror(out ? argv[3] : argv[2]);
        return 1;
    }
    int status = run_in_kernel(argv[1], benchmark);
    restart_end();
    return fclose(out) == 0 ? status : 1;
}
