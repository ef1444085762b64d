// SPDX-License-Identifier: MIT
//
// bench workloads: the same libraries compiled in four ways, run by one kernel thread in turn, on one processor. A way's ratio to clang is the
// median over the rounds, in processor time of the thread.
//
//   workloads ARCHIVE OUT.json [TURNS [MICROSECONDS]]
#include "bench/harness/harness.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "bench/programs/programs.h"
#include "bench/workloads/module.h"
#include "kernel/domain/invoke.h"

#define TURNS_DEFAULT 21
#define TURNS_MAX 1000
#define SLICE_US_DEFAULT 4000
#define METHOD_RUN 0 // of BenchPrograms
#define MICROSECOND_NS 1000.0
#define NATIVE_STACK (4ul << 20)

extern const struct program clang_programs[], gcc_programs[];
extern const size_t clang_program_count;

typedef bool run_way(uint32_t index, uint32_t rounds, uint64_t *checksum);

static struct port *domain;
static char *native_stack;
static uint32_t turns = TURNS_DEFAULT;
static double slice_ns = SLICE_US_DEFAULT * MICROSECOND_NS;
static int processor;
static FILE *out;

// Libraries want more stack than a control stack has.
static uint64_t on_native_stack(uint64_t (*function)(uint64_t, uint64_t), uint64_t first, uint64_t second) {
    uint64_t result;
    __asm__ volatile("movq %%rsp, %%rbx\n\tmovq %[stack], %%rsp\n\tcallq *%[function]\n\tmovq %%rbx, %%rsp"
                     : "=a"(result), "+D"(first), "+S"(second)
                     : [stack] "r"(native_stack + NATIVE_STACK), [function] "r"(function)
                     : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
                       "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return result;
}

static uint64_t clang_run(uint64_t index, uint64_t rounds) {
    return clang_programs[index].run((uint32_t)rounds);
}
static uint64_t gcc_run(uint64_t index, uint64_t rounds) {
    return gcc_programs[index].run((uint32_t)rounds);
}
static uint64_t wasm_run(uint64_t index, uint64_t rounds) {
    return wasm_module_run((uint32_t)index, (uint32_t)rounds);
}

static bool by_clang(uint32_t index, uint32_t rounds, uint64_t *checksum) {
    *checksum = on_native_stack(clang_run, index, rounds);
    return true;
}
static bool by_gcc(uint32_t index, uint32_t rounds, uint64_t *checksum) {
    *checksum = on_native_stack(gcc_run, index, rounds);
    return true;
}
static bool by_wasm(uint32_t index, uint32_t rounds, uint64_t *checksum) {
    *checksum = on_native_stack(wasm_run, index, rounds);
    return true;
}
static bool by_domain(uint32_t index, uint32_t rounds, uint64_t *checksum) {
    uint64_t arguments[5] = {index, rounds};
    enum bh_error error = invoke_port(domain, METHOD_RUN, arguments, checksum);
    if (error)
        fprintf(stderr, "bench: %s in its domain: error %d\n", clang_programs[index].name, error);
    return error == BH_OK;
}

static const struct way {
    const char *name;
    run_way *run;
} ways[] = {{"clang", by_clang}, {"gcc", by_gcc}, {"domain", by_domain}, {"wasm2c", by_wasm}};
enum { WAYS = sizeof(ways) / sizeof(*ways) };

// One timed run behind a shorter one of the same code, which teaches the branch predictors.
static bool timed(const struct way *way, uint32_t index, uint32_t rounds, double *time_ns, uint64_t *checksum) {
    timer_hold();
    bool good = way->run(index, rounds / 3 + 1, checksum);
    uint64_t start = cpu_time_ns();
    good = good && way->run(index, rounds, checksum);
    *time_ns = (double)(cpu_time_ns() - start);
    timer_release();
    return good;
}

static uint32_t fitting_rounds(uint32_t index) {
    uint32_t rounds = clang_programs[index].rounds > 8 ? clang_programs[index].rounds / 8 : 1;
    double time_ns;
    uint64_t checksum;
    timed(&ways[0], index, rounds, &time_ns, &checksum);
    double wanted = rounds * slice_ns / (time_ns + 1);
    return wanted < 1 ? 1 : (uint32_t)wanted;
}

// One turn of all ways; false when one of them fails or computes something else.
static bool turn(uint32_t index, uint32_t rounds, uint32_t number, double times[WAYS][TURNS_MAX]) {
    uint64_t checksums[WAYS];
    for (uint32_t i = 0; i < WAYS; i++) {
        uint32_t way = (i + number) % WAYS; // each goes first in its turn
        if (!timed(&ways[way], index, rounds, &times[way][number], &checksums[way]))
            return false;
    }
    for (uint32_t way = 0; way < WAYS; way++)
        if (!checksums[way] || checksums[way] != checksums[0]) {
            fprintf(stderr, "bench: %s: checksum %016llx by %s, %016llx by %s\n", clang_programs[index].name, (unsigned long long)checksums[way],
                    ways[way].name, (unsigned long long)checksums[0], ways[0].name);
            return false;
        }
    return true;
}

static bool measure(uint32_t index) {
    static double times[WAYS][TURNS_MAX], ratio[TURNS_MAX];
    const struct program *program = &clang_programs[index];
    uint32_t rounds = fitting_rounds(index);
    for (uint32_t number = 0; number < turns; number++)
        if (!turn(index, rounds, number, times))
            return false;
    fprintf(out, "%s\n  {\"name\": \"%s\", \"what\": \"%s\", \"rounds\": %u", index ? "," : "", program->name, program->what, rounds);
    for (uint32_t way = 0; way < WAYS; way++) {
        for (uint32_t i = 0; i < turns; i++)
            ratio[i] = times[way][i] / times[0][i];
        fprintf(out, ", \"%s\": {", ways[way].name);
        print_quartiles(out, "ratio", quartiles_of(ratio, turns));
        if (way == 0) { // the others' times are their ratios to these
            for (uint32_t i = 0; i < turns; i++)
                ratio[i] = times[0][i];
            fputs(", ", out);
            print_quartiles(out, "ns", quartiles_of(ratio, turns));
        }
        fputs("}", out);
    }
    fputs("}", out);
    return true;
}

static int benchmark(void) {
    domain = served_port("workloads", "programs");
    if (!domain)
        return 1;
    fprintf(out, "{\"benchmark\": \"workloads\", \"processor\": %d, \"turns\": %u, \"programs\": [", processor, turns);
    for (uint32_t i = 0; i < clang_program_count; i++)
        if (!measure(i))
            return 1;
    fputs("\n]}\n", out);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 5) {
        fputs("usage: workloads ARCHIVE OUT.json [TURNS [MICROSECONDS]]\n", stderr);
        return 2;
    }
    if (argc > 3)
        turns = (uint32_t)strtoul(argv[3], NULL, 10);
    if (argc > 4)
        slice_ns = (double)strtoul(argv[4], NULL, 10) * MICROSECOND_NS;
    if (!turns || turns > TURNS_MAX) {
        fprintf(stderr, "workloads: %s turns: give a number from 1 to %d\n", argv[3], TURNS_MAX);
        return 2;
    }
    native_stack = mmap(NULL, NATIVE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    out = fopen(argv[2], "w");
    if (!out || native_stack == MAP_FAILED || !wasm_module_start()) {
        perror(argv[2]);
        return 1;
    }
    processor = pin_to_processor();
    int status = run_in_kernel(argv[1], benchmark);
    return fclose(out) == 0 ? status : 1;
}
