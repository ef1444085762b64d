// SPDX-License-Identifier: MIT
//
// The HPET's main counter, as the reference against which other clocks are measured. Source: IA-PC HPET specification 1.0a, 2.3.
#include "kernel/platform/pc/pc.h"

#define HPET_CAPABILITIES 0x00 // period in femtoseconds in the upper half
#define HPET_CONFIGURATION 0x10
#define HPET_COUNTER 0xf0
#define HPET_ENABLE 1ull
#define PERIOD_MAX 100000000u // 100 ns, by the specification
#define COUNTER_64 (1ull << 13)
#define FEMTO_PER_NANO 1000000u

static volatile uint64_t *registers;
static uint64_t period_fs;

static uint64_t reg(uint32_t offset) {
    return registers[offset / 8];
}

bool hpet_start(hpa address) {
    if (!address || paging_map_device(address, 1024) != BH_OK)
        return false;
    registers = platform_direct(address);
    period_fs = reg(HPET_CAPABILITIES) >> 32;
    if (!period_fs || period_fs > PERIOD_MAX || !(reg(HPET_CAPABILITIES) & COUNTER_64))
        return false;
    registers[HPET_CONFIGURATION / 8] = reg(HPET_CONFIGURATION) | HPET_ENABLE;
    return true;
}

uint64_t hpet_now_ns(void) {
    uint64_t count = reg(HPET_COUNTER);
    return count / FEMTO_PER_NANO * period_fs + count % FEMTO_PER_NANO * period_fs / FEMTO_PER_NANO;
}
