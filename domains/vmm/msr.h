// SPDX-License-Identifier: MIT
//
// Model-specific registers that exit: those that VMRUN and VMLOAD switch never come here.
#ifndef VMM_MSR_H
#define VMM_MSR_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

#define MSR_PAT_RESET 0x0007040600070406ull // the page attribute table at power-on
// May the page attribute table have this value?
bool msr_pat_valid(uint64_t value);

// False: the guest gets #GP.
bool msr_read(struct machine *machine, uint32_t msr, uint64_t *value);
bool msr_write(struct machine *machine, uint32_t msr, uint64_t value);

#endif
