// SPDX-License-Identifier: MIT
//
// The WebAssembly module that wasm2c made C of, inside the benchmark.
#ifndef WORKLOADS_MODULE_H
#define WORKLOADS_MODULE_H

#include <stdbool.h>
#include <stdint.h>

// Makes the instance. Before the kernel starts: the module's runtime takes the signal handlers first, the kernel for good.
bool wasm_module_start(void);
// A workload by its number in the table; 0 when there is none.
uint64_t wasm_module_run(uint32_t index, uint32_t rounds);

#endif
