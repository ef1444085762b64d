// SPDX-License-Identifier: MIT
//
// What ACPI's static tables tell about the machine. No AML is interpreted.
//
// Trust: the tables come from firmware or an emulator; every length is checked before it is believed, checksums too.
#ifndef BH_PC_ACPI_H
#define BH_PC_ACPI_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/platform/platform.h"

enum { ACPI_IOAPICS_MAX = 8, ACPI_ISA_IRQS = 16, ACPI_PROCESSORS_MAX = 64 };

struct acpi_ioapic {
    hpa address;
    uint32_t first_line; // its global interrupt lines: first_line ... first_line + lines - 1
    uint32_t lines;      // filled in by ioapic.c
};

struct acpi_override { // where an ISA interrupt arrives
    uint32_t line;
    bool active_low, level;
};

struct acpi_machine {
    hpa lapic;
    uint32_t processor_count; // usable ones; may be more than there is room for below
    uint32_t processors[ACPI_PROCESSORS_MAX]; // their local APICs' identifiers
    uint32_t ioapic_count;
    struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
    struct acpi_override overrides[ACPI_ISA_IRQS];
    hpa config_space;              // of PCI bus 0 (MCFG), 0: none
    uint8_t first_bus, last_bus;   // that it covers
    hpa hpet;                      // 0: none
    const void *dmar;              // the table of IOMMUs (dmar.h), NULL: none
    uint32_t dmar_size;
    uint16_t pm_timer;             // I/O port, 0: none
    uint16_t pm1_control[2];       // I/O ports, 0: none
    uint16_t smi_command;          // I/O port by which ACPI mode is switched on, 0: none
    uint8_t acpi_enable;
    bool can_power_off;
    uint8_t sleep_type[2];
};
extern struct acpi_machine acpi_machine;

void acpi_start(void);     // find and read the tables; refuses to go on without a MADT
void acpi_power_off(void); // returns when that did not work

#endif
