// SPDX-License-Identifier: MIT
//
// The workloads as a WebAssembly module: two exports instead of a table of functions, which a module cannot give away.
#include "workloads.h"

__attribute__((export_name("run"))) uint64_t run(uint32_t index, uint32_t rounds);
uint64_t run(uint32_t index, uint32_t rounds) {
    return index < program_count ? programs[index].run(rounds) : 0;
}
