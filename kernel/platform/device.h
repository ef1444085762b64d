// SPDX-License-Identifier: MIT
//
// What a platform offers of the machine's devices: PCI functions and I/O ports. Optional: a platform without devices answers
// BH_ENOENT to every search. Used by kernel/domain/resources.c, which decides who gets what.
//
// A function is named by an index that stays the same until power off.
// Trust: devices are hostile; sizes and offsets here have been checked against each other.
#ifndef BH_PLATFORM_DEVICE_H
#define BH_PLATFORM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/platform/platform.h"

enum { PCI_BARS = 6 };
#define PCI_NO_BAR 0xffu

struct platform_pci_bar {
    hpa address;   // 0: absent, an I/O range, or not placed by the firmware
    uint64_t size; // bytes, a power of two
};

// A part of a BAR.
struct platform_pci_part {
    uint32_t bar; // PCI_NO_BAR: none
    uint64_t offset, size;
};

struct platform_pci_info {
    uint32_t vendor, device;
    uint32_t class_code; // class << 16 | subclass << 8 | programming interface
    uint32_t address;    // bus << 8 | device << 3 | function
    uint32_t vectors;    // MSI-X vectors, 0: none
    struct platform_pci_bar bars[PCI_BARS];
    struct platform_pci_part msix_table, msix_pending; // must not be mapped for a driver
};

// The `nth` function (from 0, in order of address) with these identifiers. BH_ENOENT.
enum bh_error platform_pci_find(uint32_t vendor, uint32_t device, uint32_t nth, uint32_t *index);
// The same by class; `mask` says which bits of class_code count.
enum bh_error platform_pci_find_class(uint32_t class_code, uint32_t mask, uint32_t nth, uint32_t *index);
const struct platform_pci_info *platform_pci_info(uint32_t index);

// Configuration space; BH_ERANGE unless size is 1, 2 or 4 and offset a multiple of it inside the space.
enum bh_error platform_pci_config_read(uint32_t index, uint32_t offset, uint32_t size, uint32_t *value);

// Decoding of memory accesses, and the function's right to start transfers itself.
void platform_pci_enable(uint32_t index, bool memory, bool bus_master);
// Let MSI-X entry `entry` raise `vector` (irq_allocate). BH_ERANGE, BH_ENOTSUP.
enum bh_error platform_pci_bind(uint32_t index, uint32_t entry, uint32_t vector);
void platform_pci_unbind_all(uint32_t index);
// Stop it and bring it to its state after power on: when this returns BH_OK it has no transfer under way. Bus mastering and
// interrupts are off afterwards. BH_ENOTSUP when it has no way to be reset, BH_ETIMEDOUT.
enum bh_error platform_pci_reset(uint32_t index);

uint32_t platform_port_read(uint16_t port, uint32_t size); // size 1, 2, 4
void platform_port_write(uint16_t port, uint32_t size, uint32_t value);

#endif
