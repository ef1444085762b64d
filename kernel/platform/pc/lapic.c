// SPDX-License-Identifier: MIT
//
// Each processor's own local APIC, through its memory window or, where the firmware has switched to it, the x2APIC's registers.
// Source: Intel SDM vol. 3, chapter 11 (11.4, 11.5.4, 11.12).
#include "kernel/arch/x86_64/regs.h"
#include "kernel/platform/pc/pc.h"

#define MSR_APIC_BASE 0x1bu
#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_X2 (1ull << 10)
#define MSR_X2APIC 0x800u

enum lapic_register : uint32_t {
    LAPIC_ID = 0x20,
    LAPIC_TASK_PRIORITY = 0x80,
    LAPIC_EOI = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_IN_SERVICE = 0x100, // eight registers of 32 vectors each
    LAPIC_MESSAGE = 0x300, // interrupt command; in x2APIC mode one 64-bit register with the destination
    LAPIC_DESTINATION = 0x310,
    LAPIC_LVT_TIMER = 0x320,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_LVT_LINT1 = 0x360,
    LAPIC_LVT_ERROR = 0x370,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
};
#define LVT_MASKED (1u << 16)
#define LVT_NMI (4u << 8)
#define SPURIOUS_ENABLE (1u << 8)
#define DIVIDE_BY_16 3u
#define MESSAGE_PENDING (1u << 12)
#define DESTINATION_SHIFT 24
#define XAPIC_BROADCAST 255u

static volatile uint32_t *window; // the same address on each processor; NULL: x2APIC
static uint32_t boot_id;

static uint32_t lapic_read(enum lapic_register reg) {
    return window ? window[reg / 4] : (uint32_t)rdmsr(MSR_X2APIC + reg / 16);
}

static void lapic_write(enum lapic_register reg, uint32_t value) {
    if (window)
        window[reg / 4] = value;
    else
        wrmsr(MSR_X2APIC + reg / 16, value);
}

static uint32_t read_id(void) {
    uint32_t id = lapic_read(LAPIC_ID);
    return window ? id >> DESTINATION_SHIFT : id;
}

// The mode is the first processor's, as the firmware chose it.
void lapic_start(hpa address) {
    static bool started;
    uint64_t base = rdmsr(MSR_APIC_BASE);
    if (!started && !(base & APIC_BASE_X2)) {
        if (!address || paging_map_device(address, 4096) != BH_OK)
            boot_refuse("the local APIC's registers cannot be reached");
        window = platform_direct(address);
    }
    wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | (window ? 0 : APIC_BASE_X2));
    if (!started)
        boot_id = read_id();
    started = true;
    lapic_write(LAPIC_TASK_PRIORITY, 0);
    lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
    lapic_write(LAPIC_LVT_ERROR, LVT_MASKED);
    lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
    lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER);
    lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
}

uint32_t lapic_id(void) {
    return boot_id;
}

bool lapic_reaches(uint32_t to) {
    return !window || to < XAPIC_BROADCAST;
}

void lapic_send(uint32_t to, uint32_t message) {
    if (!window) {
        __asm__ volatile("mfence" : : : "memory"); // writes to x2APIC registers wait for nothing (SDM vol. 3, 11.12.3)
        wrmsr(MSR_X2APIC + LAPIC_MESSAGE / 16, (uint64_t)to << 32 | message);
        return;
    }
    while (lapic_read(LAPIC_MESSAGE) & MESSAGE_PENDING) {
    }
    lapic_write(LAPIC_DESTINATION, to << DESTINATION_SHIFT);
    lapic_write(LAPIC_MESSAGE, message);
}

void lapic_end_interrupt(void) {
    lapic_write(LAPIC_EOI, 0);
}

void lapic_end_stray(uint32_t vector) {
    if (lapic_read(LAPIC_IN_SERVICE + vector / 32 * 0x10) >> vector % 32 & 1)
        lapic_end_interrupt();
}

// Source: Intel SDM vol. 3, 11.8.3.1: vectors up to the priority's last one are not delivered.
void lapic_hold(bool devices) {
    lapic_write(LAPIC_TASK_PRIORITY, devices ? VECTOR_DEVICE_END - 1 : 0);
}

void lapic_timer_set(uint32_t count) {
    lapic_write(LAPIC_TIMER_INITIAL, count);
}

uint32_t lapic_timer_count(void) {
    return lapic_read(LAPIC_TIMER_CURRENT);
}
