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
// The one at this address (bus << 8 | device << 3 | function). BH_ENOENT.
enum bh_error platform_pci_find_address(uint32_t address, uint32_t *index);
const struct platform_pci_info *platform_pci_info(uint32_t index);
// Do its windows lie where a driver may have them? BH_EINVAL (logged): over memory, over what is the kernel's, or over another function's.
enum bh_error platform_pci_check(uint32_t index);

// Configuration space; BH_ERANGE unless size is 1, 2 or 4 and offset a multiple of it inside the space.
enum bh_error platform_pci_config_read(uint32_t index, uint32_t offset, uint32_t size, uint32_t *value);
// The same at any address: all ones where no function is. BH_ENOENT on a platform without PCI.
enum bh_error platform_pci_config_look(uint32_t address, uint32_t offset, uint32_t size, uint32_t *value);

// Decoding of memory accesses, and the function's right to start transfers itself.
void platform_pci_enable(uint32_t index, bool memory, bool bus_master);
// Let MSI-X entry `entry` raise `vector` (irq_allocate). BH_ERANGE, BH_ENOTSUP.
enum bh_error platform_pci_bind(uint32_t index, uint32_t entry, uint32_t vector);
// Let it interrupt nobody any more, and start no transfer: its vectors are masked, and its right to master the bus goes, without which it cannot send
// an interrupt even if it does not heed the mask.
void platform_pci_silence(uint32_t index);
// Stop it and bring it to its state after power on: when this returns BH_OK it has no transfer under way. Bus mastering and
// interrupts are off afterwards. BH_ENOTSUP when it has no way to be reset, BH_ETIMEDOUT.
enum bh_error platform_pci_reset(uint32_t index);

// ---- DMA: what functions may reach. Behind an IOMMU a function reaches nothing from boot on, until it is attached to a space: then what is mapped
// there. A space has the identifier of its domain; addresses in it are physical ones, so that a driver sees no difference.
enum platform_dma_guard : uint32_t {
    DMA_CONFINED,
    DMA_NO_IOMMU, // the machine has none, or none that can be used
    DMA_OUTSIDE,  // this function is not behind it
    DMA_PAST_IT,  // its transfers go past it (a virtio device without ACCESS_PLATFORM)
};
enum platform_dma_guard platform_dma_guard(uint32_t index); // of one that is stopped
// Give a confined function a space, which is made with its first one: bus mastering must be off. BH_EBUSY: it cannot be told from a function that
// belongs to another space. BH_ENOTSUP: more spaces than the IOMMU knows. BH_ENOMEM.
enum bh_error platform_dma_attach(uint32_t index, uint32_t space);
// Block it again, at once.
void platform_dma_detach(uint32_t index);
// The space and all that is mapped there go. No function must be attached.
void platform_dma_destroy(uint32_t space);
bool platform_dma_has_space(uint32_t space);
// Map, or map with other rights, `flags` MAP_READ or MAP_READ | MAP_WRITE; unmap what may be mapped. When these return no device has old rights. They do
// nothing where there is no such space. BH_ENOMEM, BH_ERANGE: past what the IOMMU can address.
enum bh_error platform_dma_map(uint32_t space, hpa start, uint64_t size, enum map_flags flags);
void platform_dma_unmap(uint32_t space, hpa start, uint64_t size);

struct platform_dma_fault {
    uint32_t source;  // the function's platform_dma_source()
    uint64_t address; // of a page
    bool write;
    const char *words; // why it was blocked
};
uint32_t platform_dma_source(uint32_t index); // functions that cannot be told apart have the same
// Take the oldest fault on record: what it came from has lost its space, and its right to start transfers. False: there is none.
bool platform_dma_take_fault(struct platform_dma_fault *out);
// Raise an interrupt for the next fault, and call `handler` then, once. False: there is nothing to watch.
bool platform_dma_watch(irq_handler *handler, void *context);

uint32_t platform_port_read(uint16_t port, uint32_t size); // size 1, 2, 4
void platform_port_write(uint16_t port, uint32_t size, uint32_t value);

#endif
