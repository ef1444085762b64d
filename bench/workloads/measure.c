// SPDX-License-Identifier: MIT
//
// bench workloads: the same libraries compiled in four ways.
#include "bench/harness/turns.h"

#include <stdio.h>

#include "bench/workloads/module.h"

extern const struct program clang_programs[], gcc_programs[];
extern const size_t clang_program_count;

static uint64_t clang_run(uint64_t index, uint64_t rounds) {
    return clang_programs[index].run((uint32_t)rounds);
}
static uint64_t gcc_run(uint64_t index, uint64_t rounds) {
    return gcc_programs[index].run((uint32_t)rounds);
}
static uint64_t wasm_run(uint64_t index, uint64_t rounds) {
    return wasm_module_run((uint32_t)index, (uint32_t)rounds);
}

int main(int argc, char **argv) {
    static struct way ways[] = {{.name = "clang", .run = run_native, .native = clang_run},
                                {.name = "gcc", .run = run_native, .native = gcc_run},
                                {.name = "domain", .run = run_domain, .domain = "workloads", .port = "programs"},
                                {.name = "wasm2c", .run = run_native, .native = wasm_run}};
    if (!wasm_module_start()) {
        fputs("workloads: no memory for the WebAssembly module\n", stderr);
        return 1;
    }
    return compare_main(&(struct comparison){"workloads", clang_programs, (uint32_t)clang_program_count, ways, 4}, argc, argv);
}
