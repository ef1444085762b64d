// SPDX-License-Identifier: MIT
//
// The guest's own page tables, read in software. Source: AMD APM vol. 2, chapter 5.
#ifndef VMM_PAGING_H
#define VMM_PAGING_H

#include "memory.h"

struct bh_vcpu_state;

// Guest-physical address of a linear address under the control registers in `state`. False when it is not mapped.
bool paging_translate(const struct guest_memory *memory, const struct bh_vcpu_state *state, gva address, gpa *out);
// Copy bytes at linear addresses, across page borders. Returns how many could be had from the first on.
uint32_t paging_read(const struct guest_memory *memory, const struct bh_vcpu_state *state, gva address, void *to, uint32_t size);

#endif
