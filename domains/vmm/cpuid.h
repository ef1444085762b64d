// SPDX-License-Identifier: MIT
//
// What CPUID tells the guest.
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <stdint.h>
#include "host.h"

// Compute all leaves once: the host's, less what the vmm and the kernel do not carry for guests.
void cpuid_create(uint32_t tsc_khz);
struct cpuid_leaf cpuid_get(uint32_t leaf, uint32_t subleaf);

#endif
