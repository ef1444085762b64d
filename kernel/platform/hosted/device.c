// SPDX-License-Identifier: MIT
//
// There are no devices on this platform: every search finds nothing, so nothing else here is ever called.
#include "kernel/platform/device.h"

#include "kernel/base.h"

enum bh_error platform_pci_find(uint32_t vendor, uint32_t device, uint32_t nth, uint32_t *index) {
    (void)vendor, (void)device, (void)nth, (void)index;
    return BH_ENOENT;
}

enum bh_error platform_pci_find_class(uint32_t class_code, uint32_t mask, uint32_t nth, uint32_t *index) {
    (void)class_code, (void)mask, (void)nth, (void)index;
    return BH_ENOENT;
}

enum bh_error platform_pci_find_address(uint32_t address, uint32_t *index) {
    (void)address, (void)index;
    return BH_ENOENT;
}

enum bh_error platform_pci_check(uint32_t index) {
    (void)index;
    return BH_ENOENT;
}

enum bh_error platform_pci_config_look(uint32_t address, uint32_t offset, uint32_t size, uint32_t *value) {
    (void)address, (void)offset, (void)size, (void)value;
    return BH_ENOENT;
}

const struct platform_pci_info *platform_pci_info(uint32_t index) {
    panic("the hosted platform has no PCI function %u", index);
}

enum bh_error platform_pci_config_read(uint32_t index, uint32_t offset, uint32_t size, uint32_t *value) {
    (void)index, (void)offset, (void)size, (void)value;
    return BH_ENOENT;
}

void platform_pci_enable(uint32_t index, bool memory, bool bus_master) {
    (void)index, (void)memory, (void)bus_master;
}

enum bh_error platform_pci_bind(uint32_t index, uint32_t entry, uint32_t vector) {
    (void)index, (void)entry, (void)vector;
    return BH_ENOENT;
}

void platform_pci_silence(uint32_t index) {
    (void)index;
}

enum bh_error platform_pci_reset(uint32_t index) {
    (void)index;
    return BH_ENOENT;
}

enum platform_dma_guard platform_dma_guard(uint32_t index) {
    (void)index;
    return DMA_NO_IOMMU;
}

enum bh_error platform_dma_attach(uint32_t index, uint32_t space) {
    (void)index, (void)space;
    return BH_ENOENT;
}

void platform_dma_detach(uint32_t index) {
    (void)index;
}

void platform_dma_destroy(uint32_t space) {
    (void)space;
}

bool platform_dma_has_space(uint32_t space) {
    (void)space;
    return false;
}

enum bh_error platform_dma_map(uint32_t space, hpa start, uint64_t size, enum map_flags flags) {
    (void)space, (void)start, (void)size, (void)flags;
    return BH_OK;
}

void platform_dma_unmap(uint32_t space, hpa start, uint64_t size) {
    (void)space, (void)start, (void)size;
}

uint32_t platform_dma_source(uint32_t index) {
    return index;
}

bool platform_dma_take_fault(struct platform_dma_fault *out) {
    (void)out;
    return false;
}

bool platform_dma_watch(irq_handler *handler, void *context) {
    (void)handler, (void)context;
    return false;
}

uint32_t platform_port_read(uint16_t port, uint32_t size) {
    (void)port;
    return UINT32_MAX >> (32 - 8 * size);
}

void platform_port_write(uint16_t port, uint32_t size, uint32_t value) {
    (void)port, (void)size, (void)value;
}
