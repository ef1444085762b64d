// SPDX-License-Identifier: MIT
//
// The local APIC: interrupt priorities, local vector table, timer. Source: Intel SDM vol. 3, chapter 11; AMD APM vol. 2,
// chapter 16. Not offered: x2APIC, TSC deadline, NMI and SMI delivery.
#ifndef VMM_LAPIC_H
#define VMM_LAPIC_H

#include "device.h"

struct machine;

#define LAPIC_ADDRESS 0xfee00000u
#define LAPIC_SIZE 0x1000u
#define LAPIC_BUS_KHZ 1000000u // the timer counts nanoseconds before its divider

enum lapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_COUNTERS, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

struct lapic {
    struct machine *machine;
    uint64_t base_msr; // IA32_APIC_BASE
    uint32_t id, tpr, ldr, dfr, svr, esr, icr_low, icr_high;
    uint32_t lvt[LVT_COUNT];
    uint32_t initial_count, divide;
    uint64_t period_ns; // of the count in progress
    uint64_t next_ns;   // expiry, 0: stopped
    uint32_t irr[8], isr[8], tmr[8];
};

extern const struct device_model lapic_model;

// Take in a fixed interrupt. `level`: its EOI goes back to the I/O APIC.
void lapic_receive(struct lapic *lapic, uint8_t vector, bool level);
// Does a message to `destination` (8 bits, logical or physical) reach this processor?
bool lapic_is_addressed(const struct lapic *lapic, uint8_t destination, bool logical);
// The vector that the processor should take now, -1: none.
int lapic_pending(const struct lapic *lapic);
// It takes it: from requested to in service.
void lapic_acknowledge(struct lapic *lapic, uint8_t vector);
// Does the 8259's output reach the processor through LINT0 (or because the APIC is off)?
bool lapic_passes_8259(const struct lapic *lapic);

#endif
