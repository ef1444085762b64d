// SPDX-License-Identifier: MIT
//
// PCI inside this platform: functions found at boot. What the rest of the kernel sees of them is kernel/platform/device.h.
#ifndef BH_PC_PCI_H
#define BH_PC_PCI_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/platform/device.h"

enum { PCI_FUNCTIONS_MAX = 64 };

struct pci_function {
    struct platform_pci_info info;
    uint16_t msix;    // offset of the capability, 0: none
    uint16_t express; // offset of the PCI Express capability, 0: none
    uint16_t advanced; // offset of the Advanced Features capability, 0: none
    uint16_t virtio_common; // offset of virtio's capability that finds its common configuration, 0: none
    uint32_t bar_words[6]; // as the firmware left them; put back after a reset
    uint32_t source; // by which requester identifier its transfers are known where an IOMMU sees them: its own address, or a bridge's
};

enum pci_register : uint32_t {
    PCI_VENDOR = 0x00,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08,
    PCI_HEADER = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_SECONDARY_BUS = 0x19,
    PCI_LAST_BUS = 0x1a, // behind a bridge
    PCI_CAPABILITIES = 0x34,
};
enum pci_command : uint32_t {
    PCI_COMMAND_IO = 1,
    PCI_COMMAND_MEMORY = 2,
    PCI_COMMAND_MASTER = 4,
    PCI_COMMAND_NO_INTX = 0x400,
};

void pci_start(void); // enumerate
// Configuration space by address (bus << 8 | device << 3 | function); size 1, 2 or 4, offset a multiple of it.
uint32_t pci_config_read(uint32_t address, uint32_t offset, uint32_t size);
void pci_config_write(uint32_t address, uint32_t offset, uint32_t size, uint32_t value);
struct pci_function *pci_function_get(uint32_t index); // must exist
uint32_t pci_function_count(void);
bool pci_passes_iommu(const struct pci_function *function); // a virtio device that does not offer ACCESS_PLATFORM: it uses physical addresses

#endif
