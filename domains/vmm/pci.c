// SPDX-License-Identifier: MIT
//
// PCI configuration mechanism 1, BARs and INTx. Each configuration byte has a mask of bits that the guest may change, so
// that no write needs judging but those to BARs, which the masks size rightly too. MSI-X is in pci_msix.c.
#include "pci.h"

#include <string.h>

#include "machine.h"
#include "pci_msix.h"

#define CONFIG_VENDOR 0x00
#define CONFIG_COMMAND 0x04
#define CONFIG_STATUS 0x06
#define CONFIG_REVISION 0x08
#define CONFIG_BAR 0x10
#define CONFIG_SUBSYSTEM 0x2c
#define CONFIG_CAPABILITIES 0x34
#define CONFIG_LINE 0x3c
#define CONFIG_PIN 0x3d
#define COMMAND_MEMORY 2u
#define COMMAND_INTX_OFF 0x400u
#define STATUS_CAPABILITIES 0x10

static void put(uint8_t *at, uint32_t value, uint32_t size) {
    for (uint32_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> i * 8);
}

static uint32_t get(const uint8_t *at, uint32_t size) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < size; i++)
        value |= (uint32_t)at[i] << i * 8;
    return value;
}

void pci_allow_write(struct pci_function *function, uint32_t offset, uint32_t size, uint32_t mask) {
    put(function->writable + offset, mask, size);
}

struct pci_function *pci_add(struct pci *pci, const struct pci_identity *identity, const struct pci_model *model, void *device) {
    if (pci->function_count == PCI_FUNCTIONS)
        return NULL;
    struct pci_function *function = &pci->functions[pci->function_count++];
    *function = (struct pci_function){.machine = pci->machine, .model = model, .device = device, .capability_end = 0x40};
    put(function->config + CONFIG_VENDOR, identity->vendor, 2);
    put(function->config + CONFIG_VENDOR + 2, identity->device, 2);
    put(function->config + CONFIG_REVISION, identity->class_code << 8 | identity->revision, 4);
    put(function->config + CONFIG_SUBSYSTEM, identity->vendor, 2);
    put(function->config + CONFIG_SUBSYSTEM + 2, identity->subsystem, 2);
    pci_allow_write(function, CONFIG_COMMAND, 2, 0x0406); // memory, bus master, INTx off
    pci_allow_write(function, CONFIG_LINE, 1, 0xff);
    return function;
}

void pci_create(struct pci *pci, struct machine *machine) {
    static const struct pci_model bridge = {.name = "host bridge"};
    static const struct pci_identity identity = {.vendor = 0x1b36, .device = 0x0008, .subsystem = 0x1100, .class_code = 0x060000};
    *pci = (struct pci){.machine = machine, .next_bar = PCI_WINDOW};
    (void)pci_add(pci, &identity, &bridge, NULL);
}

void pci_add_bar(struct pci *pci, struct pci_function *function, uint32_t bar, uint32_t size) {
    uint32_t address = (pci->next_bar + size - 1) & ~(size - 1);
    function->bar_size[bar] = size;
    put(function->config + CONFIG_BAR + bar * 4, address, 4);
    pci_allow_write(function, CONFIG_BAR + bar * 4, 4, ~(size - 1));
    function->config[CONFIG_COMMAND] |= COMMAND_MEMORY;
    pci->next_bar = address + size;
}

uint32_t pci_add_capability(struct pci_function *function, uint8_t id, const void *body, uint32_t size) {
    uint32_t at = function->capability_end;
    memcpy(function->config + at, body, size);
    function->config[at] = id;
    function->config[at + 1] = function->config[CONFIG_CAPABILITIES];
    function->config[CONFIG_CAPABILITIES] = (uint8_t)at;
    function->config[CONFIG_STATUS] |= STATUS_CAPABILITIES;
    function->capability_end = (at + size + 3) & ~3u;
    return at;
}

void pci_set_intx(struct pci_function *function, bool asserted) {
    struct pci *pci = &function->machine->pci;
    uint32_t bit = 1u << (function - pci->functions);
    if (get(function->config + CONFIG_COMMAND, 2) & COMMAND_INTX_OFF)
        asserted = false;
    UNDO_SAVE(pci->machine, &pci->asserted);
    pci->asserted = asserted ? pci->asserted | bit : pci->asserted & ~bit;
    machine_set_irq(pci->machine, PCI_IRQ, pci->asserted != 0);
}

static struct pci_function *addressed(struct pci *pci) {
    uint32_t number = pci->address >> 11 & 31;
    bool first = !(pci->address >> 8 & 7), bus0 = !(pci->address >> 16 & 0xff);
    if (!(pci->address & 0x80000000u) || !first || !bus0 || number >= pci->function_count)
        return NULL;
    return &pci->functions[number];
}

static uint32_t read_data(void *device, uint32_t offset, uint32_t size) {
    struct pci *pci = device;
    struct pci_function *function = addressed(pci);
    uint32_t at = (pci->address & 0xfc) + offset;
    if (!function || at + size > 256)
        return 0xffffffffu;
    return get(function->config + at, size);
}

static void write_data(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct pci *pci = device;
    struct pci_function *function = addressed(pci);
    uint32_t at = (pci->address & 0xfc) + offset;
    if (!function || at + size > 256)
        return;
    UNDO_SAVE(pci->machine, &function->config);
    for (uint32_t i = 0; i < size; i++) {
        uint8_t mask = function->writable[at + i];
        function->config[at + i] = (uint8_t)((function->config[at + i] & ~mask) | ((value >> i * 8) & mask));
    }
    pci_msix_config_written(function);
}

static uint32_t read_address(void *device, uint32_t offset, uint32_t size) {
    return offset == 0 && size == 4 ? ((struct pci *)device)->address : 0xffffffffu;
}

static void write_address(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct pci *pci = device;
    if (offset || size != 4)
        return;
    UNDO_SAVE(pci->machine, &pci->address);
    pci->address = value & 0x80fffffcu;
}

static void reset(void *device) {
    ((struct pci *)device)->address = 0;
}

// The function and BAR that answer at `address`; *offset is inside the BAR.
static struct pci_function *find_bar(struct pci *pci, gpa address, uint32_t *bar, uint32_t *offset) {
    for (uint32_t i = 0; i < pci->function_count; i++) {
        struct pci_function *function = &pci->functions[i];
        if (!(function->config[CONFIG_COMMAND] & COMMAND_MEMORY))
            continue;
        for (*bar = 0; *bar < PCI_BARS; (*bar)++) {
            uint32_t start = get(function->config + CONFIG_BAR + *bar * 4, 4) & ~15u;
            if (address >= start && address - start < function->bar_size[*bar]) {
                *offset = (uint32_t)(address - start);
                return function;
            }
        }
    }
    return NULL;
}

bool pci_mmio_read(struct pci *pci, gpa address, uint32_t size, uint32_t *value) {
    uint32_t bar, offset;
    struct pci_function *function = find_bar(pci, address, &bar, &offset);
    if (!function)
        return false;
    if (bar == MSIX_BAR && function->msix)
        *value = pci_msix_read(function, offset, size);
    else
        *value = function->model->bar_read(function->device, offset, size);
    return true;
}

bool pci_mmio_write(struct pci *pci, gpa address, uint32_t size, uint32_t value) {
    uint32_t bar, offset;
    struct pci_function *function = find_bar(pci, address, &bar, &offset);
    if (!function)
        return false;
    if (bar == MSIX_BAR && function->msix)
        pci_msix_write(function, offset, size, value);
    else
        function->model->bar_write(function->device, offset, size, value);
    return true;
}

// Identity, capabilities and sizes are those of the new instance; the old one may differ in what a guest may write only.
static const char *restore_function(struct pci_function *function, const struct pci_function *saved) {
    for (uint32_t i = 0; i < sizeof(function->config); i++)
        if ((function->config[i] ^ saved->config[i]) & ~function->writable[i])
            return "a PCI function's configuration";
    if (saved->pending >> function->vector_count)
        return "a PCI function's pending interrupts";
    for (uint32_t i = 0; i < MSIX_VECTORS; i++)
        if (saved->vectors[i].control & ~1u)
            return "an MSI-X vector";
    DEVICE_TAKE(function, saved, config);
    return NULL;
}

const char *pci_restore(struct pci *pci, const struct pci *saved) {
    const char *why = NULL;
    if ((saved->address & ~0x80fffffcu) || saved->asserted >> pci->function_count || saved->function_count != pci->function_count)
        return "the PCI bus";
    for (uint32_t i = 0; i < pci->function_count && !why; i++)
        why = restore_function(&pci->functions[i], &saved->functions[i]);
    pci->address = saved->address;
    pci->asserted = saved->asserted;
    return why;
}

const struct device_model pci_address_model = {
    .name = "pci address", .access_max = 4, .reset = reset, .read = read_address, .write = write_address};
const struct device_model pci_data_model = {
    .name = "pci data", .access_max = 4, .read = read_data, .write = write_data};
