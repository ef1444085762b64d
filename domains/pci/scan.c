// SPDX-License-Identifier: MIT
//
// Enumeration: every bus that bridges lead to, every function on it, its list of capabilities. Everything read is the word of a device: walks are bounded, and
// a bridge leads only to buses with a higher number. What is found here is for people and for names; what a driver gets is checked by the kernel.
// Source: PCI Local Bus 3.0, chapter 6; PCI Express 5.0, 7.2 and 7.5.3.
#include "functions.h"

#include <string.h>

#include "bulkhead/domain.h"
#include "kernel.h"

enum { BRIDGE_DEPTH = 8, CAPABILITIES_MAX = 48, DEVICES = 32, FUNCTIONS = 8 };
enum offset : uint32_t { VENDOR = 0x00, STATUS = 0x06, REVISION = 0x08, HEADER = 0x0e, SECONDARY_BUS = 0x19, CAPABILITIES = 0x34 };
enum { STATUS_CAPABILITIES = 0x10, HEADER_MULTIFUNCTION = 0x80, HEADER_BRIDGE = 1, NOBODY = 0xffff };
enum capability { CAP_EXPRESS = 0x10, CAP_MSIX = 0x11, CAP_ADVANCED = 0x13 };
#define EXPRESS_HAS_RESET (1u << 28)
#define ADVANCED_HAS_RESET 2u

struct bh_pci_function functions[FUNCTIONS_MAX];
uint32_t function_count;
static bh_cap root;

static uint32_t read(uint32_t address, uint32_t offset, enum bh_access_size size) {
    uint32_t value = UINT32_MAX;
    (void)pci_root_config_read(root, address, offset, size, &value); // all ones: nobody is there
    return value;
}

static void read_capabilities(struct bh_pci_function *function) {
    uint32_t address = function->address, at = 0;
    if (read(address, STATUS, BH_ACCESS_SIZE_WORD) & STATUS_CAPABILITIES)
        at = read(address, CAPABILITIES, BH_ACCESS_SIZE_BYTE) & 0xfc;
    for (int i = 0; i < CAPABILITIES_MAX && at >= 0x40; i++, at = read(address, at + 1, BH_ACCESS_SIZE_BYTE) & 0xfc) {
        switch (read(address, at, BH_ACCESS_SIZE_BYTE)) {
        case CAP_MSIX:
            function->vectors = (uint16_t)((read(address, at + 2, BH_ACCESS_SIZE_WORD) & 0x7ff) + 1);
            break;
        case CAP_EXPRESS:
            function->express = 1;
            function->resets |= (read(address, at + 4, BH_ACCESS_SIZE_LONG) & EXPRESS_HAS_RESET) != 0;
            break;
        case CAP_ADVANCED:
            function->resets |= (read(address, at + 3, BH_ACCESS_SIZE_BYTE) & ADVANCED_HAS_RESET) != 0;
            break;
        default:
            break;
        }
    }
}

static void add(uint32_t address, uint32_t identity) {
    if (function_count == FUNCTIONS_MAX) {
        bh_warn("more than %d functions; the rest is not handed out", FUNCTIONS_MAX);
        return;
    }
    struct bh_pci_function *function = &functions[function_count++];
    *function = (struct bh_pci_function){.address = address, .vendor = (uint16_t)identity, .device = (uint16_t)(identity >> 16),
                                         .class_code = read(address, REVISION, BH_ACCESS_SIZE_LONG) >> 8};
    read_capabilities(function);
    strncpy(function->kind, kind_of(function), sizeof(function->kind) - 1);
}

static void scan_bus(uint32_t bus, int depth);

static void scan_function(uint32_t address, int depth) {
    uint32_t identity = read(address, VENDOR, BH_ACCESS_SIZE_LONG);
    if ((identity & 0xffff) == NOBODY)
        return;
    if ((read(address, HEADER, BH_ACCESS_SIZE_BYTE) & ~(uint32_t)HEADER_MULTIFUNCTION) != HEADER_BRIDGE) {
        add(address, identity);
        return;
    }
    uint32_t behind = read(address, SECONDARY_BUS, BH_ACCESS_SIZE_BYTE);
    if (behind > address >> 8 && depth < BRIDGE_DEPTH)
        scan_bus(behind, depth + 1);
}

static void scan_bus(uint32_t bus, int depth) {
    for (uint32_t device = 0; device < DEVICES; device++) {
        uint32_t address = bus << 8 | device << 3;
        if (read(address, VENDOR, BH_ACCESS_SIZE_WORD) == NOBODY)
            continue;
        bool several = read(address, HEADER, BH_ACCESS_SIZE_BYTE) & HEADER_MULTIFUNCTION;
        for (uint32_t function = 0; function < (several ? FUNCTIONS : 1); function++)
            scan_function(address | function, depth);
    }
}

void functions_scan(bh_cap from) {
    root = from;
    function_count = 0;
    scan_bus(0, 0);
}
