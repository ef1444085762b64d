// SPDX-License-Identifier: MIT
//
// PCI functions: configuration access (memory mapped where ACPI's MCFG says so, else ports 0xcf8/0xcfc), enumeration through
// bridges, sizes of BARs, capabilities. BARs stay where the firmware put them. Source: PCI Local Bus 3.0, chapter 6; PCI
// Express 5.0, 7.2.2.
#include "kernel/platform/pc/pci.h"

#include <string.h>

#include "kernel/abi/pci.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/ports.h"

#define BRIDGE_DEPTH 8
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CAPABILITIES_MAX 48 // as many fit into 256 bytes
#define STATUS_CAPABILITIES 0x10u
#define HEADER_MULTIFUNCTION 0x80u
#define HEADER_BRIDGE 1u

enum capability : uint8_t { CAP_VENDOR = 0x09, CAP_EXPRESS = 0x10, CAP_MSIX = 0x11, CAP_ADVANCED = 0x13 };
#define VIRTIO_CAP_COMMON 1
#define EXPRESS_TO_PCI 7u // kinds of bridges
#define PCI_TO_EXPRESS 8u
#define NO_ALIAS UINT32_MAX

static struct pci_function functions[PCI_FUNCTIONS_MAX];
static uint32_t function_count;

static bool mapped_config(uint32_t address) {
    uint32_t bus = address >> 8;
    return acpi_machine.config_space && bus >= acpi_machine.first_bus && bus <= acpi_machine.last_bus;
}

static void *config_at(uint32_t address, uint32_t offset) {
    hpa where = acpi_machine.config_space + ((uint64_t)address << 12) + offset;
    if (paging_map_device(where, 4) != BH_OK)
        panic("pci: no memory to map configuration space");
    return platform_direct(where);
}

// Returns the data port for it, or 0 when this access cannot reach the offset.
static uint16_t config_port(uint32_t address, uint32_t offset) {
    if (offset >= 256)
        return 0;
    out32(CONFIG_ADDRESS, 0x80000000u | address << 8 | (offset & 0xfc));
    return (uint16_t)(CONFIG_DATA + (offset & 3));
}

uint32_t pci_config_read(uint32_t address, uint32_t offset, uint32_t size) {
    if (mapped_config(address)) {
        volatile void *at = config_at(address, offset);
        return size == 1   ? *(volatile uint8_t *)at
               : size == 2 ? *(volatile uint16_t *)at
                           : *(volatile uint32_t *)at;
    }
    uint16_t port = config_port(address, offset);
    if (!port)
        return UINT32_MAX;
    return platform_port_read(port, size);
}

void pci_config_write(uint32_t address, uint32_t offset, uint32_t size, uint32_t value) {
    if (!mapped_config(address)) {
        uint16_t port = config_port(address, offset);
        if (port)
            platform_port_write(port, size, value);
        return;
    }
    volatile void *at = config_at(address, offset);
    if (size == 1)
        *(volatile uint8_t *)at = (uint8_t)value;
    else if (size == 2)
        *(volatile uint16_t *)at = (uint16_t)value;
    else
        *(volatile uint32_t *)at = value;
}

uint32_t platform_port_read(uint16_t port, uint32_t size) {
    return size == 1 ? in8(port) : size == 2 ? in16(port) : in32(port);
}

void platform_port_write(uint16_t port, uint32_t size, uint32_t value) {
    if (size == 1)
        out8(port, (uint8_t)value);
    else if (size == 2)
        out16(port, (uint16_t)value);
    else
        out32(port, value);
}

// Write ones, see which stick. Decoding is off meanwhile.
static uint32_t bar_mask(uint32_t address, uint32_t bar) {
    uint32_t offset = PCI_BAR0 + 4 * bar;
    uint32_t saved = pci_config_read(address, offset, 4);
    pci_config_write(address, offset, 4, UINT32_MAX);
    uint32_t mask = pci_config_read(address, offset, 4);
    pci_config_write(address, offset, 4, saved);
    return mask;
}

static void read_bars(struct pci_function *function) {
    uint32_t address = function->info.address;
    uint32_t command = pci_config_read(address, PCI_COMMAND, 2);
    pci_config_write(address, PCI_COMMAND, 2, command & ~(uint32_t)(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    for (uint32_t bar = 0; bar < PCI_BARS; bar++)
        function->bar_words[bar] = pci_config_read(address, PCI_BAR0 + 4 * bar, 4);
    for (uint32_t bar = 0; bar < PCI_BARS; bar++) {
        uint32_t word = function->bar_words[bar];
        if (word & 1) // an I/O range
            continue;
        bool wide = (word >> 1 & 3) == 2 && bar + 1 < PCI_BARS;
        uint64_t mask = bar_mask(address, bar) & ~0xfull;
        uint64_t start = word & ~0xfull;
        uint32_t first = bar;
        if (wide) {
            mask |= (uint64_t)bar_mask(address, ++bar) << 32;
            start |= (uint64_t)function->bar_words[bar] << 32;
        } else {
            mask |= 0xffffffff00000000ull;
        }
        uint64_t size = ~mask + 1;
        if (mask & 0xfffffff0u || wide)
            function->info.bars[first] = (struct platform_pci_bar){start, size};
        if (!start || size & (size - 1))
            function->info.bars[first] = (struct platform_pci_bar){0};
    }
    pci_config_write(address, PCI_COMMAND, 2, command);
}

// A table of MSI-X must lie inside a memory BAR; else the function is used without vectors.
static bool read_part(const struct pci_function *function, uint32_t word, uint64_t size, struct platform_pci_part *part) {
    uint32_t bar = word & 7;
    uint64_t offset = word & ~7u;
    if (bar >= PCI_BARS || !function->info.bars[bar].address ||
        !range_inside(offset, size, function->info.bars[bar].size))
        return false;
    *part = (struct platform_pci_part){bar, offset, size};
    return true;
}

static void read_msix(struct pci_function *function, uint16_t at) {
    uint32_t address = function->info.address;
    uint32_t count = (pci_config_read(address, at + 2u, 2) & 0x7ff) + 1;
    struct platform_pci_part table, pending;
    if (!read_part(function, pci_config_read(address, at + 4u, 4), count * 16ull, &table) ||
        !read_part(function, pci_config_read(address, at + 8u, 4), (count + 63) / 64 * 8ull, &pending)) {
        log_write(BH_LOG_WARNING, "kernel", "pci: " BH_PCI_ADDRESS " has MSI-X tables outside its memory; not used", BH_PCI_ADDRESS_WORDS(address));
        return;
    }
    function->msix = at;
    function->info.vectors = count;
    function->info.msix_table = table;
    function->info.msix_pending = pending;
}

// The capability behind `at` in a function's list, 0: the first, or none is left. `left` makes an end of lists that go round.
static uint16_t next_capability(uint32_t address, uint16_t at, uint32_t *left) {
    if (!at && !(pci_config_read(address, PCI_STATUS, 2) & STATUS_CAPABILITIES))
        return 0;
    uint16_t next = pci_config_read(address, at ? at + 1u : PCI_CAPABILITIES, 1) & 0xfc;
    return next >= 0x40 && (*left)-- ? next : 0;
}

static void read_capabilities(struct pci_function *function) {
    uint32_t address = function->info.address, left = CAPABILITIES_MAX;
    for (uint16_t at = 0; (at = next_capability(address, at, &left));)
        switch (pci_config_read(address, at, 1)) {
        case CAP_MSIX:
            read_msix(function, at);
            break;
        case CAP_EXPRESS:
            function->express = at;
            break;
        case CAP_ADVANCED:
            function->advanced = at;
            break;
        case CAP_VENDOR:
            if (function->info.vendor == BH_PCI_VIRTIO && pci_config_read(address, at + 3u, 1) == VIRTIO_CAP_COMMON)
                function->virtio_common = at;
            break;
        default:
            break;
        }
}

static void add_function(uint32_t address, uint32_t identity, uint32_t alias) {
    if (function_count == PCI_FUNCTIONS_MAX) {
        log_write(BH_LOG_WARNING, "kernel", "pci: more than %d functions; the rest is not used", PCI_FUNCTIONS_MAX);
        return;
    }
    struct pci_function *function = &functions[function_count++];
    function->source = alias == NO_ALIAS ? address : alias;
    function->info = (struct platform_pci_info){
        .vendor = identity & 0xffff,
        .device = identity >> 16,
        .class_code = pci_config_read(address, PCI_REVISION, 4) >> 8,
        .address = address,
        .msix_table.bar = PCI_NO_BAR,
        .msix_pending.bar = PCI_NO_BAR,
    };
    read_bars(function);
    read_capabilities(function);
    log_write(BH_LOG_DEBUG, "kernel", "pci: " BH_PCI_ADDRESS " %04x:%04x class %06x, %u MSI-X vectors", BH_PCI_ADDRESS_WORDS(address), function->info.vendor, function->info.device, function->info.class_code,
              function->info.vectors);
}

// As whom functions behind this bridge appear to an IOMMU: as themselves behind PCI Express ports, as one behind bridges to plain PCI. The bridge
// nearest to memory has the last word. Source: PCI Express to PCI/PCI-X Bridge 1.0, 2.3.
static uint32_t alias_behind(uint32_t bridge, uint32_t behind, uint32_t alias) {
    if (alias != NO_ALIAS)
        return alias;
    uint32_t left = CAPABILITIES_MAX;
    for (uint16_t at = 0; (at = next_capability(bridge, at, &left));)
        if (pci_config_read(bridge, at, 1) == CAP_EXPRESS) {
            uint32_t kind = pci_config_read(bridge, at + 2u, 2) >> 4 & 15;
            return kind == EXPRESS_TO_PCI ? behind << 8 : kind == PCI_TO_EXPRESS ? bridge : NO_ALIAS;
        }
    return bridge;
}

static void scan_bus(uint32_t bus, int depth, uint32_t alias);

static void scan_function(uint32_t address, int depth, uint32_t alias) {
    uint32_t identity = pci_config_read(address, PCI_VENDOR, 4);
    if ((identity & 0xffff) == 0xffff)
        return;
    if ((pci_config_read(address, PCI_HEADER, 1) & ~HEADER_MULTIFUNCTION) != HEADER_BRIDGE) {
        add_function(address, identity, alias);
        return;
    }
    uint32_t behind = pci_config_read(address, PCI_SECONDARY_BUS, 1);
    if (behind > address >> 8 && depth < BRIDGE_DEPTH)
        scan_bus(behind, depth + 1, alias_behind(address, behind, alias));
}

static void scan_bus(uint32_t bus, int depth, uint32_t alias) {
    for (uint32_t device = 0; device < 32; device++) {
        uint32_t address = bus << 8 | device << 3;
        scan_function(address, depth, alias);
        if (!(pci_config_read(address, PCI_HEADER, 1) & HEADER_MULTIFUNCTION) ||
            pci_config_read(address, PCI_VENDOR, 2) == 0xffff)
            continue;
        for (uint32_t function = 1; function < 8; function++)
            scan_function(address | function, depth, alias);
    }
}

void pci_start(void) {
    scan_bus(0, 0, NO_ALIAS);
}

struct pci_function *pci_function_get(uint32_t index) {
    BH_ASSERT(index < function_count);
    return &functions[index];
}

uint32_t pci_function_count(void) {
    return function_count;
}

const struct platform_pci_info *platform_pci_info(uint32_t index) {
    return &pci_function_get(index)->info;
}

static enum bh_error find(bool (*fits)(const struct platform_pci_info *info, uint32_t a, uint32_t b), uint32_t a, uint32_t b,
                          uint32_t nth, uint32_t *index) {
    for (uint32_t i = 0; i < function_count; i++)
        if (fits(&functions[i].info, a, b) && nth-- == 0) {
            *index = i;
            return BH_OK;
        }
    return BH_ENOENT;
}

static bool fits_identity(const struct platform_pci_info *info, uint32_t vendor, uint32_t device) {
    return info->vendor == vendor && info->device == device;
}

static bool fits_class(const struct platform_pci_info *info, uint32_t class_code, uint32_t mask) {
    return (info->class_code & mask) == (class_code & mask);
}

enum bh_error platform_pci_find(uint32_t vendor, uint32_t device, uint32_t nth, uint32_t *index) {
    return find(fits_identity, vendor, device, nth, index);
}

enum bh_error platform_pci_find_class(uint32_t class_code, uint32_t mask, uint32_t nth, uint32_t *index) {
    return find(fits_class, class_code, mask, nth, index);
}

enum bh_error platform_pci_find_address(uint32_t address, uint32_t *index) {
    for (uint32_t i = 0; i < function_count; i++)
        if (functions[i].info.address == address) {
            *index = i;
            return BH_OK;
        }
    return BH_ENOENT;
}
