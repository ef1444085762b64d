// SPDX-License-Identifier: MIT
//
// CPUID for the guest: an allow-list over the host's features. Hidden: virtualization, x2APIC, TSC deadline, XSAVE and all
// that needs it (the kernel switches FXSAVE state), MWAIT, PCID, MTRR, machine check, performance counters, RDTSCP and
// RDPID (no TSC_AUX). A feature with a CR4 bit is shown only if the host has it, so that the guest never sets a bit that
// the processor refuses. Source: AMD APM vol. 3, appendix E.
#include "cpuid.h"

#include <string.h>

#include "lapic.h"

#define BASIC_MAX 0x16u
#define EXTENDED 0x80000000u
#define EXTENDED_MAX 0x80000008u
#define HYPERVISOR 0x40000000u
#define HYPERVISOR_MAX 0x40000010u

#define BIT(n) (1u << (n))

// Leaf 1.
#define ECX1 (BIT(0) /* SSE3 */ | BIT(1) /* PCLMULQDQ */ | BIT(9) /* SSSE3 */ | BIT(13) /* CX16 */ | BIT(19) /* SSE4.1 */ | \
              BIT(20) /* SSE4.2 */ | BIT(22) /* MOVBE */ | BIT(23) /* POPCNT */ | BIT(25) /* AES */ | BIT(30) /* RDRAND */)
#define ECX1_HYPERVISOR BIT(31)
#define EDX1 (BIT(0) /* FPU */ | BIT(1) /* VME */ | BIT(2) /* DE */ | BIT(3) /* PSE */ | BIT(4) /* TSC */ | BIT(5) /* MSR */ | \
              BIT(6) /* PAE */ | BIT(8) /* CX8 */ | BIT(9) /* APIC */ | BIT(11) /* SEP */ | BIT(13) /* PGE */ | \
              BIT(15) /* CMOV */ | BIT(16) /* PAT */ | BIT(17) /* PSE36 */ | BIT(19) /* CLFLUSH */ | BIT(23) /* MMX */ | \
              BIT(24) /* FXSR */ | BIT(25) /* SSE */ | BIT(26) /* SSE2 */)
// Leaf 7, subleaf 0.
#define EBX7 (BIT(0) /* FSGSBASE */ | BIT(3) /* BMI1 */ | BIT(7) /* SMEP */ | BIT(8) /* BMI2 */ | BIT(9) /* ERMS */ | \
              BIT(18) /* RDSEED */ | BIT(19) /* ADX */ | BIT(20) /* SMAP */ | BIT(23) /* CLFLUSHOPT */ | BIT(24) /* CLWB */ | \
              BIT(29) /* SHA */)
#define ECX7 BIT(2) /* UMIP */
#define EDX7 BIT(4) /* FSRM */
// Leaf 8000_0001h.
#define ECX81 (BIT(0) /* LAHF */ | BIT(5) /* ABM */ | BIT(6) /* SSE4A */ | BIT(7) /* MISALIGNSSE */ | BIT(8) /* PREFETCH */)
#define EDX81 ((EDX1 & 0x0183f3ff) | BIT(11) /* SYSCALL */ | BIT(20) /* NX */ | BIT(22) /* MMXEXT */ | BIT(25) /* FFXSR */ | \
               BIT(26) /* 1 GiB pages */ | BIT(29) /* long mode */)
#define INVARIANT_TSC BIT(8)

static struct cpuid_leaf basic[BASIC_MAX + 1];
static struct cpuid_leaf extended[EXTENDED_MAX - EXTENDED + 1];
static struct cpuid_leaf hypervisor[HYPERVISOR_MAX - HYPERVISOR + 1];

static void text(struct cpuid_leaf *leaf, const char part[16]) {
    memcpy(leaf, part, 16);
}

static void fill_basic(uint32_t tsc_khz) {
    struct cpuid_leaf host = host_cpuid(0, 0);
    basic[0] = host;
    basic[0].eax = BASIC_MAX;
    uint32_t host_max = host.eax;
    host = host_cpuid(1, 0);
    basic[1].eax = host.eax;
    basic[1].ebx = (host.ebx & 0xff00) | BIT(16); // CLFLUSH size, one logical processor, APIC id 0
    basic[1].ecx = (host.ecx & ECX1) | ECX1_HYPERVISOR;
    basic[1].edx = host.edx & EDX1;
    if (host_max >= 7) {
        host = host_cpuid(7, 0);
        basic[7].ebx = host.ebx & EBX7;
        basic[7].ecx = host.ecx & ECX7;
        basic[7].edx = host.edx & EDX7;
    }
    // TSC = crystal * ebx / eax, with a crystal of 1 kHz * 1000.
    basic[0x15] = (struct cpuid_leaf){.eax = 1000, .ebx = tsc_khz, .ecx = 1000000};
    basic[0x16] = (struct cpuid_leaf){.eax = tsc_khz / 1000, .ebx = tsc_khz / 1000, .ecx = LAPIC_BUS_KHZ / 1000};
}

static void fill_extended(void) {
    struct cpuid_leaf host = host_cpuid(EXTENDED, 0);
    uint32_t host_max = host.eax;
    extended[0] = host;
    extended[0].eax = EXTENDED_MAX;
    host = host_cpuid(EXTENDED + 1, 0);
    extended[1] = (struct cpuid_leaf){.eax = host.eax, .ecx = host.ecx & ECX81, .edx = host.edx & EDX81};
    text(&extended[2], "Bulkhead guest p");
    text(&extended[3], "rocessor\0\0\0\0\0\0\0");
    for (uint32_t leaf = 5; leaf <= 6; leaf++)
        if (host_max >= EXTENDED + leaf)
            extended[leaf] = host_cpuid(EXTENDED + leaf, 0);
    extended[7].edx = INVARIANT_TSC; // the kernel's own clock is the TSC: it never stops or changes its rate
    extended[8].eax = host_max >= EXTENDED + 8 ? host_cpuid(EXTENDED + 8, 0).eax & 0xffff : 48 << 8 | 40;
}

void cpuid_create(uint32_t tsc_khz) {
    memset(basic, 0, sizeof(basic));
    memset(extended, 0, sizeof(extended));
    fill_basic(tsc_khz);
    fill_extended();
    text(&hypervisor[0], "\0\0\0\0BulkheadVMM");
    hypervisor[0].eax = HYPERVISOR_MAX;
    hypervisor[HYPERVISOR_MAX - HYPERVISOR] = (struct cpuid_leaf){.eax = tsc_khz, .ebx = LAPIC_BUS_KHZ};
}

struct cpuid_leaf cpuid_get(uint32_t leaf, uint32_t subleaf) {
    if (leaf <= BASIC_MAX)
        return leaf == 7 && subleaf ? (struct cpuid_leaf){0} : basic[leaf];
    if (leaf >= EXTENDED && leaf <= EXTENDED_MAX)
        return extended[leaf - EXTENDED];
    if (leaf >= HYPERVISOR && leaf <= HYPERVISOR_MAX)
        return hypervisor[leaf - HYPERVISOR];
    return (struct cpuid_leaf){0};
}
