// SPDX-License-Identifier: MIT
//
// The copy that survives faults; see guarded.S.
#ifndef BH_GUARDED_H
#define BH_GUARDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/platform/platform.h"

uint64_t guarded_copy(void *to, const void *from, size_t size); // 0, or 1 after a fault
extern const uint8_t guarded_copy_start[], guarded_copy_end[], guarded_copy_fault[];

// For page fault handlers: did the fault happen in the copy? Then *frame goes on behind it.
static inline bool guarded_fix(struct trap_frame *frame) {
    if (frame->rip < (uint64_t)guarded_copy_start || frame->rip >= (uint64_t)guarded_copy_end)
        return false;
    frame->rip = (uint64_t)guarded_copy_fault;
    return true;
}

#endif
