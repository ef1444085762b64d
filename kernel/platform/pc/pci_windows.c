// SPDX-License-Identifier: MIT
//
// Where a function's windows may lie. What stands in its BARs is the function's own word: a window over memory would be a door into the kernel for the
// driver that has it mapped, one over another function's a door into that one's driver.
#include "kernel/base.h"
#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/pci.h"

#define RANGES_MAX 64
#define FOUR_GIB 0x100000000ull
// I/O APICs, HPET, IOMMUs, local APICs, firmware.
#define MACHINE_START 0xfec00000ull
#define MACHINE_END FOUR_GIB

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size) {
    return a < b + b_size && b < a + a_size;
}

// All below the end of the memory that begins below 4 GiB counts as memory: the kernel itself and what firmware keeps are there.
static bool over_memory(const struct platform_pci_bar *bar) {
    struct platform_range ranges[RANGES_MAX];
    size_t count = platform_memory(ranges, RANGES_MAX);
    for (size_t i = 0; i < count; i++)
        if (overlap(bar->address, bar->size, ranges[i].start < FOUR_GIB ? 0 : ranges[i].start,
                    ranges[i].start < FOUR_GIB ? ranges[i].start + ranges[i].size : ranges[i].size))
            return true;
    return false;
}

static bool over_machine(const struct platform_pci_bar *bar) {
    uint64_t buses = acpi_machine.last_bus + 1ull - acpi_machine.first_bus, config = acpi_machine.config_space + ((uint64_t)acpi_machine.first_bus << 20);
    return overlap(bar->address, bar->size, MACHINE_START, MACHINE_END - MACHINE_START) ||
           (acpi_machine.config_space && overlap(bar->address, bar->size, config, buses << 20));
}

static const struct platform_pci_info *other_function_at(uint32_t index, const struct platform_pci_bar *bar) {
    for (uint32_t i = 0; i < pci_function_count(); i++) {
        const struct platform_pci_info *other = platform_pci_info(i);
        for (uint32_t k = 0; i != index && k < PCI_BARS; k++)
            if (other->bars[k].address && overlap(bar->address, bar->size, other->bars[k].address, other->bars[k].size))
                return other;
    }
    return NULL;
}

enum bh_error platform_pci_check(uint32_t index) {
    const struct platform_pci_info *info = platform_pci_info(index), *other;
    for (uint32_t k = 0; k < PCI_BARS; k++) {
        const struct platform_pci_bar *bar = &info->bars[k];
        if (!bar->address)
            continue;
        if (bar->address + bar->size < bar->address || over_memory(bar) || over_machine(bar))
            return refuse(BH_EINVAL, "device %04x:%04x: window %u, 0x%llx bytes at 0x%llx, lies over memory or over parts of the machine", info->vendor,
                          info->device, k, (unsigned long long)bar->size, (unsigned long long)bar->address);
        other = other_function_at(index, bar);
        if (other)
            return refuse(BH_EINVAL, "device %04x:%04x: window %u, 0x%llx bytes at 0x%llx, lies over one of device %04x:%04x", info->vendor, info->device, k,
                          (unsigned long long)bar->size, (unsigned long long)bar->address, other->vendor, other->device);
    }
    return BH_OK;
}
