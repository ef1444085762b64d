// SPDX-License-Identifier: MIT
//
// MSI-X: vectors as the guest programs them; a masked vector becomes pending and is sent when it is unmasked.
#include "pci_msix.h"

#include "machine.h"

#define CAPABILITY_MSIX 0x11
#define CONTROL_ENABLE 0x8000u
#define CONTROL_MASK 0x4000u
#define ENTRY_MASKED 1u
#define PENDING_OFFSET 0x800u

static uint32_t control(const struct pci_function *function) {
    return (uint32_t)function->config[function->msix + 2] | (uint32_t)function->config[function->msix + 3] << 8;
}

void pci_add_msix(struct pci *pci, struct pci_function *function, uint32_t count) {
    uint8_t body[12] = {[2] = (uint8_t)(count - 1), [4] = MSIX_BAR, [8] = MSIX_BAR, [9] = PENDING_OFFSET >> 8};
    pci_add_bar(pci, function, MSIX_BAR, 4096);
    function->msix = pci_add_capability(function, CAPABILITY_MSIX, body, sizeof(body));
    function->vector_count = count;
    pci_allow_write(function, function->msix + 2, 2, CONTROL_ENABLE | CONTROL_MASK);
    for (uint32_t i = 0; i < count; i++)
        function->vectors[i].control = ENTRY_MASKED;
}

bool pci_msix_enabled(const struct pci_function *function) {
    return function->msix && (control(function) & CONTROL_ENABLE);
}

void pci_send_msix(struct pci_function *function, uint32_t vector) {
    if (vector >= function->vector_count || !pci_msix_enabled(function))
        return;
    const struct msix_entry *entry = &function->vectors[vector];
    UNDO_SAVE(function->machine, &function->pending);
    if ((entry->control & ENTRY_MASKED) || (control(function) & CONTROL_MASK)) {
        function->pending |= 1u << vector;
        return;
    }
    function->pending &= ~(1u << vector);
    machine_message(function->machine, entry->address, entry->data);
}

static void send_pending(struct pci_function *function) {
    for (uint32_t i = 0; i < function->vector_count; i++)
        if (function->pending >> i & 1)
            pci_send_msix(function, i);
}

void pci_msix_config_written(struct pci_function *function) {
    if (function->pending && pci_msix_enabled(function))
        send_pending(function);
}

uint32_t pci_msix_read(struct pci_function *function, uint32_t offset, uint32_t size) {
    if (size != 4)
        return 0;
    if (offset == PENDING_OFFSET)
        return function->pending;
    if (offset / 16 >= function->vector_count)
        return 0;
    const struct msix_entry *entry = &function->vectors[offset / 16];
    switch (offset % 16) {
    case 0:
        return (uint32_t)entry->address;
    case 4:
        return (uint32_t)(entry->address >> 32);
    case 8:
        return entry->data;
    default:
        return entry->control;
    }
}

void pci_msix_write(struct pci_function *function, uint32_t offset, uint32_t size, uint32_t value) {
    if (size != 4 || offset / 16 >= function->vector_count)
        return;
    struct msix_entry *entry = &function->vectors[offset / 16];
    UNDO_SAVE(function->machine, entry);
    switch (offset % 16) {
    case 0:
        entry->address = (entry->address & ~0xffffffffull) | (value & ~3u);
        break;
    case 4:
        entry->address = (uint32_t)entry->address | (uint64_t)value << 32;
        break;
    case 8:
        entry->data = value;
        break;
    default:
        entry->control = value & ENTRY_MASKED;
        send_pending(function);
        break;
    }
}
