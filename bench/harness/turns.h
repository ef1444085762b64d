// SPDX-License-Identifier: MIT
//
// Comparing ways to run the same programs: one kernel thread runs each program in all ways in turn, on one processor, each way first in its
// turn. A way's ratio is the median over the turns of its time to the first way's in the same turn, in processor time of the thread.
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/programs/programs.h"

struct way;
// Runs a program; false, with a message, when that fails.
typedef bool run_way(const struct way *way, uint32_t index, uint32_t rounds, uint64_t *checksum);

struct way {
    const char *name;
    run_way *run;
    uint64_t (*native)(uint64_t index, uint64_t rounds); // of run_native
    const char *domain, *port;                           // of run_domain
    struct port *served;
};

struct comparison {
    const char *name;
    const struct program *programs;
    uint32_t program_count;
    struct way *ways; // the first is the measure of the others
    uint32_t way_count;
};

// In this process, on a stack of its own: a control stack is too small for libraries.
run_way run_native;
// Through BenchPrograms.
run_way run_domain;

// `NAME ARCHIVE OUT.json [TURNS [MICROSECONDS]]': boots the archive, compares, writes the JSON. Returns the exit status.
int compare_main(const struct comparison *comparison, int argc, char **argv);

#endif
