// SPDX-License-Identifier: MIT
//
// bench/hardened: each program in a hardened domain against the same program in a domain as usual.
#include "bench/harness/turns.h"

int main(int argc, char **argv) {
    static struct way ways[] = {{.name = "usual", .run = run_domain, .domain = "confined", .port = "programs"},
                                {.name = "hardened", .run = run_domain, .domain = "hardened", .port = "programs-hardened"}};
    return compare_main(&(struct comparison){"hardened", programs, (uint32_t)program_count, ways, 2}, argc, argv);
}
