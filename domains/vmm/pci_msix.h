// SPDX-License-Identifier: MIT
//
// MSI-X of a PCI function: its table in BAR 1, the pending bits behind it. Source: PCI Local Bus 3.0, 6.8.2.
#ifndef VMM_PCI_MSIX_H
#define VMM_PCI_MSIX_H

#include "pci.h"

uint32_t pci_msix_read(struct pci_function *function, uint32_t offset, uint32_t size);
void pci_msix_write(struct pci_function *function, uint32_t offset, uint32_t size, uint32_t value);
// After any write to configuration space: unmasking sends what is pending.
void pci_msix_config_written(struct pci_function *function);

#endif
