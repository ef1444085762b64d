// SPDX-License-Identifier: MIT
//
// What PCI functions may reach of memory, by Intel VT-d. From boot on nothing, whatever the firmware let them do; then what is mapped in the space of the
// domain that has them open. Addresses in a space are physical ones: so functions that stand outside, or go past the IOMMU, need no other addresses, and
// two grants never want the same place. Invariants: a context entry is present only while its function is attached; whoever takes rights away here
// returns after all units have forgotten them. Source: Intel VT-d specification 3.4, chapters 3, 9.
//
//   root table, by bus -> context table, by device and function -> tables of a space (kernel/virt/nested.c)
#include "kernel/platform/pc/iommu.h"

#include <string.h>

#include "kernel/abi/pci.h"
#include "kernel/abi/slot.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/mm/frames.h"
#include "kernel/platform/device.h"
#include "kernel/platform/pc/acpi.h"
#include "kernel/platform/pc/dmar.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/pci.h"
#include "kernel/platform/pc/vtd.h"
#include "kernel/virt/nested.h"

#define PRESENT 1ull
#define CONTEXT_NO_FAULTS 2ull // of this function, present or not
#define ENTRY_ADDRESS 0x000ffffffffff000ull

struct entry { // of root and context tables
    uint64_t low, high;
};

static struct dmar dmar;
static struct vtd_abilities abilities;
static bool in_use;
static hpa root;
static struct nested_tables spaces[BH_SLOT_COUNT];
static uint32_t context_tables; // frames
static uint8_t space_of[PCI_FUNCTIONS_MAX]; // to which a function is attached, 0: none
static irq_handler *watcher;
static void *watcher_context;

// ---- start

static hpa memory_end(void) {
    hpa end = 0;
    for (size_t i = 0; i < boot_info.ram_count; i++)
        if (boot_info.ram[i].start + boot_info.ram[i].size > end)
            end = boot_info.ram[i].start + boot_info.ram[i].size;
    return end;
}

static hpa take_page(void) {
    hpa page = boot_take_frame();
    if (!page)
        boot_refuse("too little memory for the IOMMU's tables; give the machine more (QEMU: -m 1G)");
    memset(platform_direct(page), 0, BH_PAGE_SIZE);
    return page;
}

static bool option_is(const char *word) {
    size_t size;
    const char *value = boot_option("iommu", &size);
    return value && size == strlen(word) && memcmp(value, word, size) == 0;
}

static void log_regions(void) {
    for (uint32_t i = 0; i < dmar.region_count; i++)
        log_write(BH_LOG_WARNING, "kernel", "iommu: the firmware wants a device of its own to reach 0x%llx-0x%llx for ever; it is blocked all the same",
                  (unsigned long long)dmar.regions[i].first, (unsigned long long)dmar.regions[i].last);
}

void iommu_start(void) {
    hpa queues[DMAR_UNITS_MAX];
    if (!acpi_machine.dmar || option_is("off")) {
        log_write(BH_LOG_WARNING, "kernel", "iommu: %s: devices can reach all memory, whatever their drivers were granted",
                  acpi_machine.dmar ? "switched off on the command line" : "this machine has none that is known (Intel VT-d)");
        return;
    }
    const char *wrong = dmar_read(acpi_machine.dmar, acpi_machine.dmar_size, &dmar);
    if (!wrong)
        wrong = vtd_find(&dmar, memory_end(), option_is("4-levels") ? 4 : 3, !option_is("registers"), &abilities);
    if (wrong) {
        log_write(BH_LOG_ERROR, "kernel", "iommu: not used: %s: devices can reach all memory, whatever their drivers were granted", wrong);
        return;
    }
    root = take_page();
    for (uint32_t i = 0; i < dmar.unit_count; i++)
        queues[i] = take_page();
    vtd_start(root, queues);
    in_use = true;
    log_write(BH_LOG_INFO, "kernel", "iommu: %u unit%s, tables of %u levels%s: devices reach what their drivers were granted", dmar.unit_count,
              dmar.unit_count == 1 ? "" : "s", abilities.levels, abilities.large ? " and large pages" : "");
    log_regions();
}

enum platform_dma_guard platform_dma_guard(uint32_t index) {
    const struct pci_function *function = pci_function_get(index);
    if (!in_use)
        return DMA_NO_IOMMU;
    if (dmar_unit_of(&dmar, function->source) == DMAR_NO_UNIT)
        return DMA_OUTSIDE;
    return pci_passes_iommu(function) ? DMA_PAST_IT : DMA_CONFINED;
}

uint32_t platform_dma_source(uint32_t index) {
    return pci_function_get(index)->source;
}

// ---- context entries

static void write_entry(struct entry *entry, uint64_t low, uint64_t high) {
    volatile struct entry *to = entry;
    if (low & PRESENT) {
        to->high = high;
        to->low = low;
    } else {
        to->low = low;
        to->high = high;
    }
    if (!abilities.coherent)
        vtd_flush_memory(entry, sizeof(*entry));
}

// The context entry of a requester, or NULL: its bus has no table yet.
static struct entry *context_of(uint32_t source) {
    const struct entry *bus = (struct entry *)platform_direct(root) + (source >> 8);
    return bus->low & PRESENT ? (struct entry *)platform_direct(bus->low & ENTRY_ADDRESS) + (source & 0xff) : NULL;
}

static enum bh_error make_context(uint32_t source, struct entry **out) {
    hpa table;
    *out = context_of(source);
    if (*out)
        return BH_OK;
    enum bh_error error = frames_alloc(1, 1, &table);
    if (error)
        return error;
    memset(platform_direct(table), 0, BH_PAGE_SIZE);
    vtd_flush_memory(platform_direct(table), BH_PAGE_SIZE);
    write_entry((struct entry *)platform_direct(root) + (source >> 8), table | PRESENT, 0);
    *out = context_of(source);
    context_tables++;
    return BH_OK;
}

uint64_t iommu_table_frames(void) {
    uint64_t count = context_tables;
    for (uint32_t i = 0; i < BH_SLOT_COUNT; i++)
        count += spaces[i].table_count;
    return count;
}

static enum bh_error make_space(uint32_t space) {
    if (spaces[space].root)
        return BH_OK;
    if (space >= abilities.spaces)
        return refuse(BH_ENOTSUP, "iommu: it knows %u spaces, not one numbered %u", abilities.spaces, space);
    spaces[space] = (struct nested_tables){.levels = abilities.levels, .large = abilities.large, .inner = NESTED_READ | NESTED_WRITE,
                                           .flush = abilities.coherent ? NULL : vtd_flush_memory};
    return nested_create(&spaces[space]);
}

// Is a function that cannot be told from this one attached, to another space or to any?
static bool twin_attached(uint32_t index, uint32_t but) {
    for (uint32_t i = 0; i < pci_function_count(); i++)
        if (i != index && space_of[i] && space_of[i] != but && pci_function_get(i)->source == pci_function_get(index)->source)
            return true;
    return false;
}

enum bh_error platform_dma_attach(uint32_t index, uint32_t space) {
    uint32_t source = pci_function_get(index)->source;
    struct entry *entry;
    if (twin_attached(index, space))
        return refuse(BH_EBUSY, "iommu: " BH_PCI_ADDRESS " is in another domain's hands, and what stands behind the same bridge cannot be told from it",
                      BH_PCI_ADDRESS_WORDS(source));
    enum bh_error error = make_space(space);
    if (!error)
        error = make_context(source, &entry);
    if (error)
        return refuse(error, "iommu: no tables for " BH_PCI_ADDRESS, BH_PCI_ADDRESS_WORDS(source));
    space_of[index] = (uint8_t)space;
    write_entry(entry, spaces[space].root | PRESENT, (uint64_t)space << 8 | (abilities.levels - 2));
    vtd_forget_contexts();
    return BH_OK;
}

void platform_dma_detach(uint32_t index) {
    bool was_attached = space_of[index];
    space_of[index] = 0;
    if (!was_attached || twin_attached(index, 0))
        return;
    write_entry(context_of(pci_function_get(index)->source), 0, 0);
    vtd_forget_contexts();
}

// ---- spaces

bool platform_dma_has_space(uint32_t space) {
    return spaces[space].root;
}

void platform_dma_destroy(uint32_t space) {
    if (!spaces[space].root)
        return;
    vtd_forget_space(space);
    nested_destroy(&spaces[space]);
}

enum bh_error platform_dma_map(uint32_t space, hpa start, uint64_t size, enum map_flags flags) {
    bool replaced;
    if (!spaces[space].root)
        return BH_OK;
    if (!range_inside(start, size, 1ull << abilities.address_bits))
        return refuse(BH_ERANGE, "iommu: memory at 0x%llx is past its %u bits of address", (unsigned long long)start, abilities.address_bits);
    enum bh_error error = nested_map(&spaces[space], start, start, size, NESTED_READ | (flags & MAP_WRITE ? NESTED_WRITE : 0), &replaced);
    if (replaced || abilities.caching)
        vtd_forget_space(space);
    return error ? refuse(error, "iommu: no memory for tables that map %llu bytes", (unsigned long long)size) : BH_OK;
}

void platform_dma_unmap(uint32_t space, hpa start, uint64_t size) {
    if (spaces[space].root && nested_unmap(&spaces[space], start, size))
        vtd_forget_space(space);
}

// ---- faults

static const char *words_of(uint32_t reason) {
    static const char *const words[] = {
        [1] = "its bus is blocked", [2] = "it is blocked", [3] = "its entry is wrong", [4] = "the address is too wide", [5] = "not granted for writing",
        [6] = "not granted for reading", [7] = "a table cannot be read", [8] = "the root table cannot be read", [9] = "its context table cannot be read",
        [10] = "a reserved bit in the root table", [11] = "a reserved bit in its context entry", [12] = "a reserved bit in a table",
        [13] = "a translated address, which it may not use",
    };
    return reason < sizeof(words) / sizeof(*words) && words[reason] ? words[reason] : "for another reason";
}

// Nothing more comes of it, and nothing more is recorded of what it still tries.
static void silence(uint32_t source) {
    for (uint32_t i = 0; i < pci_function_count(); i++) {
        const struct pci_function *function = pci_function_get(i);
        if (function->source != source)
            continue;
        uint32_t now = pci_config_read(function->info.address, PCI_COMMAND, 2);
        pci_config_write(function->info.address, PCI_COMMAND, 2, now & ~(uint32_t)PCI_COMMAND_MASTER);
    }
    struct entry *entry = context_of(source);
    if (!entry)
        return;
    write_entry(entry, CONTEXT_NO_FAULTS, 0);
    vtd_forget_contexts();
}

bool platform_dma_take_fault(struct platform_dma_fault *out) {
    struct vtd_fault fault;
    if (!in_use || !vtd_take_fault(&fault))
        return false;
    silence(fault.source);
    *out = (struct platform_dma_fault){.source = fault.source, .address = fault.address, .write = fault.write,
                                       .words = words_of(fault.reason)};
    return true;
}

static void fault_interrupt(void *unused) {
    (void)unused;
    vtd_allow_message(false);
    watcher(watcher_context);
}

bool platform_dma_watch(irq_handler *handler, void *context) {
    static uint32_t vector;
    uint64_t address;
    uint32_t data;
    if (!in_use || (!vector && irq_allocate(fault_interrupt, NULL, &vector) != BH_OK))
        return false;
    watcher = handler;
    watcher_context = context;
    irq_message(vector, &address, &data);
    vtd_set_message(address, data);
    vtd_allow_message(true);
    return true;
}
