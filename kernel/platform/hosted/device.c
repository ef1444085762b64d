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

void platform_pci_unbind_all(uint32_t index) {
    (void)index;
}

enum bh_error platform_pci_reset(uint32_t index) {
    (void)index;
    return BH_ENOENT;
}

uint32_t platform_port_read(uint16_t port, uint32_t size) {
    (void)port;
    return UINT32_MAX >> (32 - 8 * size);
}

void platform_port_write(uint16_t port, uint32_t size, uint32_t value) {
    (void)port, (void)size, (void)value;
}
