// SPDX-License-Identifier: MIT
//
// The turns: rounds that fit a slice of time, a warm-up in front of each timed run, the same checksum in all ways.
#include "bench/harness/turns.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "bench/harness/harness.h"
#include "kernel/domain/invoke.h"

#define TURNS_DEFAULT 21
#define TURNS_MAX 1000
#define WAYS_MAX 8
#define SLICE_US_DEFAULT 4000
#define METHOD_RUN 0 // of BenchPrograms
#define MICROSECOND_NS 1000.0
#define NATIVE_STACK (4ul << 20)

static const struct comparison *all;
static uint32_t turns = TURNS_DEFAULT;
static double slice_ns = SLICE_US_DEFAULT * MICROSECOND_NS;
static char *native_stack;
static int processor;
static FILE *out;

bool run_native(const struct way *way, uint32_t index, uint32_t rounds, uint64_t *checksum) {
    uint64_t first = index, second = rounds;
    __asm__ volatile("movq %%rsp, %%rbx\n\tmovq %[stack], %%rsp\n\tcallq *%[function]\n\tmovq %%rbx, %%rsp"
                     : "=a"(*checksum), "+D"(first), "+S"(second)
                     : [stack] "r"(native_stack + NATIVE_STACK), [function] "r"(way->native)
                     : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                       "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return true;
}

bool run_domain(const struct way *way, uint32_t index, uint32_t rounds, uint64_t *checksum) {
    uint64_t arguments[5] = {index, rounds};
    enum bh_error error = invoke_port(way->served, METHOD_RUN, arguments, checksum);
    if (error)
        fprintf(stderr, "bench: %s in domain %s: error %d\n", all->programs[index].name, way->domain, error);
    return error == BH_OK;
}

// Each timed run follows a shorter one of the same code, which teaches the branch predictors: they know whole inputs by heart.
static bool timed(const struct way *way, uint32_t index, uint32_t rounds, double *time_ns, uint64_t *checksum) {
    bool native = way->run == run_native;
    if (native)
        timer_hold();
    bool good = way->run(way, index, rounds / 3 + 1, checksum);
    uint64_t start = cpu_time_ns();
    good = good && way->run(way, index, rounds, checksum);
    *time_ns = (double)(cpu_time_ns() - start);
    if (native)
        timer_release();
    return good;
}

static uint32_t fitting_rounds(uint32_t index) {
    uint32_t rounds = all->programs[index].rounds > 8 ? all->programs[index].rounds / 8 : 1;
    double time_ns;
    uint64_t checksum;
    for (int run = 0; run < 2; run++) // the first one warms up
        if (!timed(&all->ways[0], index, rounds, &time_ns, &checksum))
            return 0;
    double wanted = rounds * slice_ns / (time_ns + 1);
    return wanted < 1 ? 1 : (uint32_t)wanted;
}

static bool take_turn(uint32_t index, uint32_t rounds, uint32_t turn, double times[WAYS_MAX][TURNS_MAX]) {
    uint64_t checksums[WAYS_MAX];
    for (uint32_t i = 0; i < all->way_count; i++) {
        uint32_t way = (i + turn) % all->way_count;
        if (!timed(&all->ways[way], index, rounds, &times[way][turn], &checksums[way]))
            return false;
    }
    for (uint32_t way = 0; way < all->way_count; way++)
        if (!checksums[way] || checksums[way] != checksums[0]) { // 0 is how a program says that it failed
            fprintf(stderr, "bench: %s: checksum %016llx by %s, %016llx by %s\n", all->programs[index].name,
                    (unsigned long long)checksums[way], all->ways[way].name, (unsigned long long)checksums[0], all->ways[0].name);
            return false;
        }
    return true;
}

static void print_way(uint32_t way, double times[WAYS_MAX][TURNS_MAX]) {
    static double numbers[TURNS_MAX];
    fprintf(out, ", \"%s\": {", all->ways[way].name);
    for (uint32_t i = 0; i < turns; i++)
        numbers[i] = times[way][i] / times[0][i];
    print_samples(out, "ratio", numbers, turns, 1);
    for (uint32_t i = 0; i < turns; i++)
        numbers[i] = times[way][i];
    fputs(", ", out);
    print_samples(out, "ns", numbers, turns, 1);
    fputs("}", out);
}

static bool measure(uint32_t index) {
    static double times[WAYS_MAX][TURNS_MAX];
    const struct program *program = &all->programs[index];
    uint32_t rounds = fitting_rounds(index);
    for (uint32_t turn = 0; turn < turns; turn++)
        if (!rounds || !take_turn(index, rounds, turn, times))
            return false;
    fprintf(out, "%s\n  {\"name\": \"%s\", \"what\": \"%s\", \"rounds\": %u", index ? "," : "", program->name, program->what, rounds);
    for (uint32_t way = 0; way < all->way_count; way++)
        print_way(way, times);
    fputs("}", out);
    return true;
}

static int benchmark(void) {
    for (uint32_t way = 0; way < all->way_count; way++)
        if (all->ways[way].domain && !(all->ways[way].served = served_port(all->ways[way].domain, all->ways[way].port)))
            return 1;
    fprintf(out, "{\"benchmark\": \"%s\", \"processor\": %d, \"turns\": %u, \"programs\": [", all->name, processor, turns);
    for (uint32_t i = 0; i < all->program_count; i++)
        if (!measure(i))
            return 1;
    fputs("\n]}\n", out);
    return 0;
}

int compare_main(const struct comparison *comparison, int argc, char **argv) {
    all = comparison;
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: %s ARCHIVE OUT.json [TURNS [MICROSECONDS]]\n", all->name);
        return 2;
    }
    if (argc > 3)
        turns = (uint32_t)strtoul(argv[3], NULL, 10);
    if (argc > 4)
        slice_ns = (double)strtoul(argv[4], NULL, 10) * MICROSECOND_NS;
    if (!turns || turns > TURNS_MAX) {
        fprintf(stderr, "%s: %s turns: give a number from 1 to %d\n", all->name, argv[3], TURNS_MAX);
        return 2;
    }
    native_stack = mmap(NULL, NATIVE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    out = native_stack == MAP_FAILED ? NULL : fopen(argv[2], "w");
    if (!out) {
        perror(argv[2]);
        return 1;
    }
    processor = pin_to_processor();
    int status = run_in_kernel(argv[1], benchmark);
    return fclose(out) == 0 ? status : 1;
}
