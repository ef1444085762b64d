// SPDX-License-Identifier: MIT
//
// ACPI tables for the guest: RSDP, XSDT, FADT, FACS, DSDT, MADT. Source: ACPI 6.4, chapter 5.
#ifndef VMM_ACPI_TABLES_H
#define VMM_ACPI_TABLES_H

#include "memory.h"

// Write all tables at BOOT_ACPI; *rsdp is where they start. False when they do not fit.
bool acpi_tables_write(const struct guest_memory *memory, gpa *rsdp);

#endif
