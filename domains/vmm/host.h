// SPDX-License-Identifier: MIT
//
// The processor that the vmm itself runs on: what it offers bounds what the guest is offered.
#ifndef VMM_HOST_H
#define VMM_HOST_H

#include <stdint.h>

struct cpuid_leaf {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_leaf host_cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpuid_leaf out;
    __asm__ volatile("cpuid" : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx) : "a"(leaf), "c"(subleaf));
    return out;
}

static inline uint64_t host_tsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
