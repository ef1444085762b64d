// SPDX-License-Identifier: MIT
//
// I/O APIC with 24 pins. Source: Intel 82093AA data sheet.
#ifndef VMM_IOAPIC_H
#define VMM_IOAPIC_H

#include "device.h"

struct machine;

#define IOAPIC_ADDRESS 0xfec00000u
#define IOAPIC_SIZE 0x1000u
#define IOAPIC_ID 1
#define IOAPIC_PINS 24

struct ioapic {
    struct machine *machine;
    uint32_t select;
    uint32_t id;
    uint64_t entries[IOAPIC_PINS];
    uint32_t asserted; // one bit a pin
};

extern const struct device_model ioapic_model;

void ioapic_set_pin(struct ioapic *ioapic, uint32_t pin, bool asserted);
void ioapic_end_of_interrupt(struct ioapic *ioapic, uint8_t vector);

#endif
