// SPDX-License-Identifier: MIT
//
// bench/confinement: each program compiled by bhcc in a domain against the same source compiled by clang -O2 into this process.
#include "bench/harness/turns.h"

static uint64_t clang_run(uint64_t index, uint64_t rounds) {
    return programs[index].run((uint32_t)rounds);
}

int main(int argc, char **argv) {
    static struct way ways[] = {{.name = "clang", .run = run_native, .native = clang_run},
                                {.name = "domain", .run = run_domain, .domain = "confined", .port = "programs"}};
    return compare_main(&(struct comparison){"confinement", programs, (uint32_t)program_count, ways, 2}, argc, argv);
}
