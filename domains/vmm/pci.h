// SPDX-License-Identifier: MIT
//
// PCI bus 0: configuration access through ports 0xcf8 and 0xcfc, memory BARs, MSI-X. Functions are added by machine.c
// before the guest runs; there is no firmware, so BARs are assigned here. Source: PCI Local Bus 3.0.
#ifndef VMM_PCI_H
#define VMM_PCI_H

#include <stdbool.h>
#include <stdint.h>
#include "device.h"
#include "memory.h"

struct machine;

#define PCI_ADDRESS_PORT 0xcf8
#define PCI_DATA_PORT 0xcfc
#define PCI_WINDOW 0xc0000000u // memory BARs lie in here
#define PCI_WINDOW_END 0xfec00000u
#define PCI_FUNCTIONS 8        // devices 0 to 7, function 0 each
#define PCI_BARS 2
#define MSIX_VECTORS 4
#define MSIX_BAR 1
#define PCI_IRQ 10             // INTx of all functions

// What a function does with accesses to BAR 0 (BAR 1 holds the MSI-X table and is served by pci.c).
struct pci_model {
    const char *name;
    uint32_t (*bar_read)(void *device, uint32_t offset, uint32_t size);
    void (*bar_write)(void *device, uint32_t offset, uint32_t size, uint32_t value);
};

struct msix_entry {
    uint64_t address;
    uint32_t data;
    uint32_t control; // bit 0: masked
};

struct pci_function {
    struct machine *machine;
    const struct pci_model *model;
    void *device;
    uint8_t writable[256];
    uint32_t bar_size[PCI_BARS];
    uint32_t capability_end; // where the next capability goes
    uint32_t msix;           // offset of the MSI-X capability, 0: none
    uint32_t vector_count;
    uint8_t config[256];
    uint32_t pending;        // one bit a vector
    struct msix_entry vectors[MSIX_VECTORS];
};

struct pci {
    struct machine *machine;
    uint32_t address; // port 0xcf8
    struct pci_function functions[PCI_FUNCTIONS];
    uint32_t function_count;
    uint32_t next_bar; // where the next BAR goes in the window
    uint32_t asserted; // INTx, one bit a function
};

extern const struct device_model pci_address_model, pci_data_model;

struct pci_identity {
    uint16_t vendor, device, subsystem;
    uint8_t revision;
    uint32_t class_code; // 24 bits
};

// The host bridge becomes function 0.
void pci_create(struct pci *pci, struct machine *machine);
// NULL when the bus is full.
struct pci_function *pci_add(struct pci *pci, const struct pci_identity *identity, const struct pci_model *model, void *device);
// Give BAR `bar` a size (a power of two, at least 4096) and an address.
void pci_add_bar(struct pci *pci, struct pci_function *function, uint32_t bar, uint32_t size);
// Append a capability of `size` bytes (its first two bytes are filled in here); returns its offset.
uint32_t pci_add_capability(struct pci_function *function, uint8_t id, const void *body, uint32_t size);
// MSI-X with `count` vectors in BAR 1.
void pci_add_msix(struct pci *pci, struct pci_function *function, uint32_t count);
// Let the guest write these bits of the configuration space.
void pci_allow_write(struct pci_function *function, uint32_t offset, uint32_t size, uint32_t mask);

// Take over the state of an earlier instance, once all functions are there (device.h, restore).
const char *pci_restore(struct pci *pci, const struct pci *saved);

bool pci_msix_enabled(const struct pci_function *function);
void pci_send_msix(struct pci_function *function, uint32_t vector);
void pci_set_intx(struct pci_function *function, bool asserted);

// A memory access in the window. False when no BAR answers.
bool pci_mmio_read(struct pci *pci, gpa address, uint32_t size, uint32_t *value);
bool pci_mmio_write(struct pci *pci, gpa address, uint32_t size, uint32_t value);

#endif
