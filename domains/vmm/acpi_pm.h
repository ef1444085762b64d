// SPDX-License-Identifier: MIT
//
// The fixed ACPI hardware: PM1 event and control registers, the power management timer, the reset register, and the
// register by which a guest ends with a status. Source: ACPI 6.4, 4.8.
#ifndef VMM_ACPI_PM_H
#define VMM_ACPI_PM_H

#include "device.h"

struct machine;

#define ACPI_PM_PORT 0x600 // event block 4 bytes, control block 2 at +4, timer 4 at +8
#define ACPI_PM_PORTS 12
#define ACPI_SCI 9
#define ACPI_SLEEP_OFF 5   // SLP_TYP of \_S5
#define RESET_PORT 0xcf9
#define EXIT_PORT 0xf4
#define EXIT_ADDRESS 0xfed80000u // the same in memory, for a Linux without /dev/port: busybox devmem 0xfed80000 8 STATUS

// Statuses of a guest that ends without naming one through port 0xf4.
#define STATUS_OFF 0
#define STATUS_HALTED 0
#define STATUS_RESET 70
#define STATUS_TRIPLE_FAULT 71
#define STATUS_BROKEN 72

struct acpi_pm {
    struct machine *machine;
    uint16_t status, enable, control;
};

extern const struct device_model acpi_pm_model;
extern const struct device_model reset_port_model;
extern const struct device_model keyboard_port_model; // port 0x64: only "pulse the reset line"
extern const struct device_model exit_port_model;

#endif
