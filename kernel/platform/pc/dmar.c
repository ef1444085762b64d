// SPDX-License-Identifier: MIT
//
// Reader of ACPI's DMAR table. Source: Intel VT-d specification 3.4, chapter 8. A list of structures (type, length, body), each perhaps with a
// list of device scopes (type, length, body); every length is checked against what is left before anything behind it is read.
#include "kernel/platform/pc/dmar.h"

#include <string.h>

#include "kernel/platform/pc/pci.h"

#define TABLE_HEADER 48u
#define STRUCTURE_HEADER 4u
#define UNIT_SIZE 16u
#define UNIT_ALL 1u
#define REGION_SIZE 24u
#define SCOPE_SIZE 6u
#define PATH_STEPS_MAX 8

enum structure : uint16_t { STRUCTURE_UNIT = 0, STRUCTURE_REGION = 1 };
enum scope : uint8_t { SCOPE_ENDPOINT = 1, SCOPE_BRIDGE = 2 }; // others are interrupt controllers and what is no PCI function

static uint16_t u16(const uint8_t *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t u32(const uint8_t *at) {
    return u16(at) | (uint32_t)u16(at + 2) << 16;
}

static uint64_t u64(const uint8_t *at) {
    return u32(at) | (uint64_t)u32(at + 4) << 32;
}

// The function at the end of a path: pairs of device and function from `bus` on, all but the last of them bridges.
static const char *follow(uint32_t bus, const uint8_t *path, uint32_t size, uint32_t *address) {
    if (!size || size % 2 || size / 2 > PATH_STEPS_MAX)
        return "a path of no or too many steps";
    for (uint32_t i = 0; i < size; i += 2) {
        if (path[i] > 31 || path[i + 1] > 7)
            return "a path through a device or function that cannot be";
        *address = bus << 8 | (uint32_t)path[i] << 3 | path[i + 1];
        if (i + 2 < size)
            bus = pci_config_read(*address, PCI_SECONDARY_BUS, 1);
    }
    return NULL;
}

static const char *add_range(struct dmar *out, uint32_t unit, uint32_t first, uint32_t last) {
    if (out->scope_count == DMAR_SCOPES_MAX)
        return "more device scopes than there is room for";
    out->scopes[out->scope_count++] = (struct dmar_scope){unit, first, last};
    return NULL;
}

static const char *add_bridge(struct dmar *out, uint32_t unit, uint32_t bridge) {
    uint32_t first = pci_config_read(bridge, PCI_SECONDARY_BUS, 1), last = pci_config_read(bridge, PCI_LAST_BUS, 1);
    const char *wrong = add_range(out, unit, bridge, bridge);
    if (!wrong && first > bridge >> 8 && last >= first)
        wrong = add_range(out, unit, first << 8, last << 8 | 0xff);
    return wrong;
}

static const char *read_scopes(const uint8_t *at, uint32_t size, uint32_t unit, struct dmar *out) {
    while (size) {
        uint32_t length = size >= 2 ? at[1] : 0, address;
        if (length < SCOPE_SIZE || length > size)
            return "a device scope of a wrong length";
        const char *wrong = NULL;
        if (at[0] == SCOPE_ENDPOINT || at[0] == SCOPE_BRIDGE)
            wrong = follow(at[5], at + SCOPE_SIZE, length - SCOPE_SIZE, &address);
        if (!wrong && at[0] == SCOPE_ENDPOINT)
            wrong = add_range(out, unit, address, address);
        else if (!wrong && at[0] == SCOPE_BRIDGE)
            wrong = add_bridge(out, unit, address);
        if (wrong)
            return wrong;
        at += length;
        size -= length;
    }
    return NULL;
}

static const char *read_unit(const uint8_t *at, uint32_t length, struct dmar *out) {
    if (length < UNIT_SIZE)
        return "a remapping unit that is cut off";
    if (u16(at + 6) != 0) // another PCI segment: nothing there is ever used
        return NULL;
    if (out->unit_count == DMAR_UNITS_MAX)
        return "more remapping units than there is room for";
    hpa registers = u64(at + 8);
    if (!registers || registers % 4096)
        return "a remapping unit whose registers are at no page";
    out->units[out->unit_count] = (struct dmar_unit){.registers = registers, .all = at[4] & UNIT_ALL};
    return read_scopes(at + UNIT_SIZE, length - UNIT_SIZE, out->unit_count++, out);
}

static const char *read_region(const uint8_t *at, uint32_t length, struct dmar *out) {
    if (length < REGION_SIZE || u64(at + 16) < u64(at + 8))
        return "a reserved region that is cut off or ends before it begins";
    if (out->region_count < DMAR_REGIONS_MAX) // for the log only
        out->regions[out->region_count++] = (struct dmar_region){u64(at + 8), u64(at + 16)};
    return NULL;
}

const char *dmar_read(const uint8_t *table, uint32_t size, struct dmar *out) {
    memset(out, 0, sizeof(*out));
    if (size < TABLE_HEADER)
        return "it is cut off";
    for (uint32_t at = TABLE_HEADER, length; at < size; at += length) {
        length = size - at >= STRUCTURE_HEADER ? u16(table + at + 2) : 0;
        const char *wrong = NULL;
        if (length < STRUCTURE_HEADER || length > size - at)
            return "a structure of a wrong length";
        if (u16(table + at) == STRUCTURE_UNIT)
            wrong = read_unit(table + at, length, out);
        else if (u16(table + at) == STRUCTURE_REGION)
            wrong = read_region(table + at, length, out);
        if (wrong)
            return wrong;
    }
    return out->unit_count ? NULL : "it names no remapping unit";
}

uint32_t dmar_unit_of(const struct dmar *dmar, uint32_t source) {
    for (uint32_t i = 0; i < dmar->scope_count; i++)
        if (source >= dmar->scopes[i].first && source <= dmar->scopes[i].last)
            return dmar->scopes[i].unit;
    for (uint32_t i = 0; i < dmar->unit_count; i++)
        if (dmar->units[i].all)
            return i;
    return DMAR_NO_UNIT;
}
