// SPDX-License-Identifier: MIT
//
// What the kernel does to a PCI function that it hands to a driver: decoding and bus mastering, MSI-X entries, reset. The order in
// platform_pci_reset() matters: bus mastering goes first, so that nothing new starts; the reset ends what is under way.
// Sources: PCI Express 5.0, 6.6.2 (function level reset), 7.7.2 (MSI-X); PCI Advanced Capabilities ECN (AF); virtio 1.2, 4.1.4.3.
#include "kernel/abi/pci.h"
#include "kernel/base.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/pci.h"

#define MSIX_CONTROL 2u
#define MSIX_ENABLE 0x8000u
#define MSIX_ENTRY_SIZE 16u
#define MSIX_MASKED 1u
#define EXPRESS_CAPABILITIES 4u
#define EXPRESS_HAS_RESET (1u << 28)
#define EXPRESS_CONTROL 8u
#define EXPRESS_RESET (1u << 15)
#define ADVANCED_CAPABILITIES 3u
#define ADVANCED_HAS_RESET 2u
#define ADVANCED_CONTROL 4u
#define VIRTIO_CAP_BAR 4u
#define VIRTIO_CAP_OFFSET 8u
#define VIRTIO_FEATURE_SELECT 0u // in the common configuration
#define VIRTIO_FEATURES 4u
#define VIRTIO_STATUS 20u
#define VIRTIO_ACCESS_PLATFORM 33u // a feature: 6.1, 6.3
#define VIRTIO_FIRST 0x1000u // 4.1.2
#define VIRTIO_LAST 0x107fu
#define RESET_NS 100000000ull
#define CONFIG_SIZE 4096u
#define ADDRESSES 0x10000u // of functions: 256 buses of 32 devices of 8

static bool size_fits(uint32_t offset, uint32_t size) {
    return (size == 1 || size == 2 || size == 4) && offset % size == 0 && offset < CONFIG_SIZE;
}

enum bh_error platform_pci_config_look(uint32_t address, uint32_t offset, uint32_t size, uint32_t *value) {
    if (!size_fits(offset, size) || address >= ADDRESSES)
        return refuse(BH_ERANGE, "configuration space: no %u bytes at offset %u (1, 2 or 4, aligned, below %u) of address 0x%x (below 0x%x)", size, offset,
                      CONFIG_SIZE, address, ADDRESSES);
    *value = pci_config_read(address, offset, size);
    return BH_OK;
}

enum bh_error platform_pci_config_read(uint32_t index, uint32_t offset, uint32_t size, uint32_t *value) {
    return platform_pci_config_look(pci_function_get(index)->info.address, offset, size, value);
}

void platform_pci_enable(uint32_t index, bool memory, bool bus_master) {
    uint32_t address = pci_function_get(index)->info.address;
    uint32_t command = pci_config_read(address, PCI_COMMAND, 2);
    command &= ~(uint32_t)(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    command |= PCI_COMMAND_NO_INTX | (memory ? PCI_COMMAND_MEMORY : 0u) | (bus_master ? PCI_COMMAND_MASTER : 0u);
    pci_config_write(address, PCI_COMMAND, 2, command);
}

static volatile uint32_t *msix_entry(const struct pci_function *function, uint32_t entry) {
    const struct platform_pci_part *table = &function->info.msix_table;
    hpa address = function->info.bars[table->bar].address + table->offset + (uint64_t)entry * MSIX_ENTRY_SIZE;
    if (paging_map_device(address, MSIX_ENTRY_SIZE) != BH_OK)
        return NULL;
    return platform_direct(address);
}

enum bh_error platform_pci_bind(uint32_t index, uint32_t entry, uint32_t vector) {
    struct pci_function *function = pci_function_get(index);
    if (!function->msix)
        return refuse(BH_ENOTSUP, "device %04x:%04x has no MSI-X vectors", function->info.vendor, function->info.device);
    if (entry >= function->info.vectors)
        return refuse(BH_ERANGE, "device %04x:%04x: MSI-X vector %u is not below %u", function->info.vendor,
                      function->info.device, entry, function->info.vectors);
    volatile uint32_t *words = msix_entry(function, entry);
    if (!words)
        return refuse(BH_ENOMEM, "no memory to map an MSI-X table");
    uint64_t message_address;
    uint32_t data;
    irq_message(vector, &message_address, &data);
    words[3] = MSIX_MASKED;
    words[0] = (uint32_t)message_address;
    words[1] = (uint32_t)(message_address >> 32);
    words[2] = data;
    words[3] = 0;
    pci_config_write(function->info.address, function->msix + MSIX_CONTROL, 2, MSIX_ENABLE);
    return BH_OK;
}

static void unbind_all(const struct pci_function *function) {
    if (!function->msix)
        return;
    bool decodes = pci_config_read(function->info.address, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;
    for (uint32_t entry = 0; decodes && entry < function->info.vectors; entry++) {
        volatile uint32_t *words = msix_entry(function, entry);
        if (words)
            words[3] = MSIX_MASKED;
    }
    pci_config_write(function->info.address, function->msix + MSIX_CONTROL, 2, 0);
}

void platform_pci_silence(uint32_t index) {
    unbind_all(pci_function_get(index));
    platform_pci_enable(index, true, false);
}

static void restore_bars(const struct pci_function *function) {
    for (uint32_t bar = 0; bar < PCI_BARS; bar++)
        pci_config_write(function->info.address, PCI_BAR0 + 4 * bar, 4, function->bar_words[bar]);
}

// The specification gives a function 100 ms; it answers before that when it is done sooner.
static enum bh_error wait_for_function(const struct pci_function *function) {
    uint64_t until = clock_now_ns() + RESET_NS;
    uint32_t identity = function->info.device << 16 | function->info.vendor;
    while (pci_config_read(function->info.address, PCI_VENDOR, 4) != identity ||
           (pci_config_read(function->info.address, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY))
        if (clock_now_ns() > until)
            return BH_ETIMEDOUT;
    restore_bars(function);
    return BH_OK;
}

// A virtio device's common configuration, with memory decoding on. NULL: it is not where it should be.
static volatile uint8_t *virtio_common(const struct pci_function *function) {
    uint32_t address = function->info.address;
    uint32_t bar = pci_config_read(address, function->virtio_common + VIRTIO_CAP_BAR, 1);
    uint64_t offset = pci_config_read(address, function->virtio_common + VIRTIO_CAP_OFFSET, 4);
    if (bar >= PCI_BARS || !function->info.bars[bar].address ||
        !range_inside(offset, VIRTIO_STATUS + 1, function->info.bars[bar].size))
        return NULL;
    hpa where = function->info.bars[bar].address + offset;
    if (paging_map_device(where, VIRTIO_STATUS + 1) != BH_OK)
        return NULL;
    pci_config_write(address, PCI_COMMAND, 2, PCI_COMMAND_NO_INTX | PCI_COMMAND_MEMORY);
    return platform_direct(where);
}

static enum bh_error reset_virtio(const struct pci_function *function) {
    volatile uint8_t *common = virtio_common(function);
    if (!common)
        return BH_ENOTSUP;
    uint64_t until = clock_now_ns() + RESET_NS;
    common[VIRTIO_STATUS] = 0;
    while (common[VIRTIO_STATUS] != 0 && clock_now_ns() <= until) {
    }
    return common[VIRTIO_STATUS] == 0 ? BH_OK : BH_ETIMEDOUT;
}

bool pci_passes_iommu(const struct pci_function *function) {
    if (function->info.vendor != BH_PCI_VIRTIO || function->info.device < VIRTIO_FIRST || function->info.device > VIRTIO_LAST)
        return false;
    volatile uint8_t *common = function->virtio_common ? virtio_common(function) : NULL;
    if (!common)
        return true; // an old one, which knows no such feature
    *(volatile uint32_t *)(common + VIRTIO_FEATURE_SELECT) = VIRTIO_ACCESS_PLATFORM / 32;
    bool offered = *(volatile uint32_t *)(common + VIRTIO_FEATURES) >> VIRTIO_ACCESS_PLATFORM % 32 & 1;
    pci_config_write(function->info.address, PCI_COMMAND, 2, PCI_COMMAND_NO_INTX);
    return !offered;
}

static enum bh_error reset(const struct pci_function *function) {
    uint32_t address = function->info.address;
    if (function->express &&
        (pci_config_read(address, function->express + EXPRESS_CAPABILITIES, 4) & EXPRESS_HAS_RESET)) {
        uint32_t control = pci_config_read(address, function->express + EXPRESS_CONTROL, 2);
        pci_config_write(address, function->express + EXPRESS_CONTROL, 2, control | EXPRESS_RESET);
        return wait_for_function(function);
    }
    if (function->advanced &&
        (pci_config_read(address, function->advanced + ADVANCED_CAPABILITIES, 1) & ADVANCED_HAS_RESET)) {
        pci_config_write(address, function->advanced + ADVANCED_CONTROL, 1, 1);
        return wait_for_function(function);
    }
    return function->virtio_common ? reset_virtio(function) : BH_ENOTSUP;
}

enum bh_error platform_pci_reset(uint32_t index) {
    struct pci_function *function = pci_function_get(index);
    platform_pci_enable(index, true, false);
    unbind_all(function);
    enum bh_error error = reset(function);
    platform_pci_enable(index, false, false);
    return error;
}
