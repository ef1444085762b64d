// SPDX-License-Identifier: MIT
//
// What ACPI's DMAR table says: remapping units (VT-d), and which PCI functions stand behind which.
//
// Trust: the table comes from firmware or an emulator. One that contradicts itself, or has more than there is room for, is not used at all:
// half a table would leave functions unconfined that the other half claims.
#ifndef BH_PC_DMAR_H
#define BH_PC_DMAR_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/platform/platform.h"

enum { DMAR_UNITS_MAX = 8, DMAR_SCOPES_MAX = 64, DMAR_REGIONS_MAX = 8 };
#define DMAR_NO_UNIT UINT32_MAX

struct dmar_unit {
    hpa registers;
    bool all; // every function that no unit names
};

// Requester identifiers (bus << 8 | device << 3 | function) of one unit.
struct dmar_scope {
    uint32_t unit;
    uint32_t first, last;
};

// Memory that the firmware wants a function to reach for ever (RMRR).
struct dmar_region {
    hpa first, last;
};

struct dmar {
    uint32_t unit_count, scope_count, region_count;
    struct dmar_unit units[DMAR_UNITS_MAX];
    struct dmar_scope scopes[DMAR_SCOPES_MAX];
    struct dmar_region regions[DMAR_REGIONS_MAX];
};

// Read a table of `size` bytes; paths through bridges are followed in configuration space. NULL, or a sentence about what is wrong with it.
const char *dmar_read(const uint8_t *table, uint32_t size, struct dmar *out);
// The unit behind which the function with this requester identifier stands, or DMAR_NO_UNIT.
uint32_t dmar_unit_of(const struct dmar *dmar, uint32_t source);

#endif
