// SPDX-License-Identifier: MIT
//
// I/O APICs: route a global interrupt line to a vector of the boot processor. All lines start masked. Source: Intel 82093AA
// data sheet, 3.2.
#include "kernel/base.h"
#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/pc.h"

#define IOAPIC_SELECT 0
#define IOAPIC_WINDOW 4 // in 32-bit words
#define IOAPIC_VERSION 1
#define IOAPIC_REDIRECTION 0x10
#define REDIRECTION_LOW_ACTIVE (1u << 13)
#define REDIRECTION_LEVEL (1u << 15)
#define REDIRECTION_MASKED (1u << 16)

static volatile uint32_t *window(const struct acpi_ioapic *ioapic) {
    return platform_direct(ioapic->address);
}

static uint32_t read(const struct acpi_ioapic *ioapic, uint32_t index) {
    window(ioapic)[IOAPIC_SELECT] = index;
    return window(ioapic)[IOAPIC_WINDOW];
}

static void write(const struct acpi_ioapic *ioapic, uint32_t index, uint32_t value) {
    window(ioapic)[IOAPIC_SELECT] = index;
    window(ioapic)[IOAPIC_WINDOW] = value;
}

static uint32_t line_count(const struct acpi_ioapic *ioapic) {
    return ((read(ioapic, IOAPIC_VERSION) >> 16) & 0xff) + 1;
}

void ioapic_start(void) {
    for (uint32_t i = 0; i < acpi_machine.ioapic_count; i++) {
        struct acpi_ioapic *ioapic = &acpi_machine.ioapics[i];
        if (paging_map_device(ioapic->address, 4096) != BH_OK)
            boot_refuse("an I/O APIC's registers cannot be reached");
        ioapic->lines = line_count(ioapic);
        for (uint32_t line = 0; line < ioapic->lines; line++)
            write(ioapic, IOAPIC_REDIRECTION + 2 * line, REDIRECTION_MASKED);
    }
}

// Where `gsi` is redirected: its I/O APIC, NULL: nowhere, and the register.
static const struct acpi_ioapic *find(uint32_t gsi, uint32_t *index) {
    for (uint32_t i = 0; i < acpi_machine.ioapic_count; i++) {
        const struct acpi_ioapic *ioapic = &acpi_machine.ioapics[i];
        if (gsi < ioapic->first_line || gsi - ioapic->first_line >= ioapic->lines)
            continue;
        *index = IOAPIC_REDIRECTION + 2 * (gsi - ioapic->first_line);
        return ioapic;
    }
    return NULL;
}

enum bh_error ioapic_route(uint32_t gsi, uint32_t vector, bool active_low, bool level) {
    uint32_t index;
    const struct acpi_ioapic *ioapic = find(gsi, &index);
    if (!ioapic)
        return refuse(BH_ENOENT, "no I/O APIC has interrupt line %u", gsi);
    write(ioapic, index + 1, lapic_id() << 24);
    write(ioapic, index, vector | (active_low ? REDIRECTION_LOW_ACTIVE : 0) | (level ? REDIRECTION_LEVEL : 0));
    return BH_OK;
}

void ioapic_mask(uint32_t gsi) {
    uint32_t index;
    const struct acpi_ioapic *ioapic = find(gsi, &index);
    if (ioapic)
        write(ioapic, index, REDIRECTION_MASKED);
}
