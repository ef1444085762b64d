// SPDX-License-Identifier: MIT
//
// Execution of the one instruction that touched device memory.
#ifndef VMM_MMIO_H
#define VMM_MMIO_H

#include "decode.h"
#include "memory.h"

// Execute `instruction`, whose device operand is at `address`, on the registers in the shared page; rip moves on unless a
// repeated string instruction has more to do. `write`: the access that exited was a write. False when it cannot be done.
bool mmio_execute(struct machine *machine, const struct mmio_instruction *instruction, gpa address, bool write);

#endif
