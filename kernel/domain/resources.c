// SPDX-License-Identifier: MIT
//
// Devices and I/O ports in the hands of drivers. The manifest names them by selectors; each belongs to one domain. When that domain
// dies, its devices are stopped before the memory that they know of is given to anybody else: bus mastering off and reset, then blocked by the
// IOMMU, then interrupts, then windows, then DMA memory. Invariants: only devices whose `open` is set may master the bus; behind an IOMMU they reach the DMA
// memory and the buffers of their holder (buffers.c), and nothing else.
//
//   BH_SLOT_DEVICES | BARs, without the pages of MSI-X tables | DMA memory ... |   in each holder's slot, as it asks
#include "kernel/domain/resources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "kernel_kernel.h"
#include "kernel/abi/pci.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/dma.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/interrupts.h"
#include "kernel/domain/selectors.h"
#include "kernel/exchange/buffers.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/space.h"
#include "kernel/platform/device.h"

enum { DEVICES_MAX = 16, PORT_RANGES_MAX = 16, VECTORS_MAX = 32, DMA_BLOCKS_MAX = 64 };
#define DMA_SIZE_MAX (64ull << 20)
#define READ_BYTES_MAX 512 // of Ports.read_bytes
#define NO_IRQ 0xffffffffu

struct dma_block {
    hpa frames;
    uint64_t size, offset; // in the holder's slot
};

struct device {
    bool used;             // once it is, it stays this function's
    uint32_t index;        // of the platform
    struct domain *holder; // NULL: nobody
    struct port *port;     // for what is handed out at run time, NULL: never was
    bool open;
    bool told;             // that nothing confines it
    bool stuck;            // it did not come out of its last reset: cut off, and its holder does not start before it does
    struct bh_device_info info; // as told at open
    struct binding bindings[VECTORS_MAX];
    struct dma_block dma[DMA_BLOCKS_MAX];
    uint32_t dma_count;
};

struct port_range {
    struct domain *holder; // NULL: entry not in use
    uint32_t first, last;
    uint32_t irq; // ISA, NO_IRQ: none
    struct binding binding;
};

static struct device devices[DEVICES_MAX];
static struct port_range port_ranges[PORT_RANGES_MAX];
static uint64_t window_used[BH_SLOT_COUNT]; // by domain: bytes of the device window in use

// ---- who has what -------------------------------------------------------------------------------------------------

static struct device *device_of(uint32_t index) {
    for (struct device *device = devices; device < devices + DEVICES_MAX; device++)
        if (device->used && device->index == index)
            return device;
    return NULL;
}

static enum bh_error take_device(const char *name, uint32_t index, struct domain *holder, struct device **out) {
    struct device *device = device_of(index);
    enum bh_error error = platform_pci_check(index);
    if (error)
        return error;
    if (device && device->holder && device->holder != holder)
        return refuse(BH_EBUSY, "device %s belongs to %s already, it cannot go to %s too", name, device->holder->name, holder->name);
    for (struct device *entry = devices; !device && entry < devices + DEVICES_MAX; entry++)
        device = entry->used ? NULL : entry;
    if (!device)
        return refuse(BH_ENOSPC, "device %s: more than %d devices are handed out", name, DEVICES_MAX);
    device->used = true;
    device->index = index;
    device->holder = holder;
    *out = device;
    return BH_OK;
}

enum bh_error resources_hand_out(uint32_t index, struct domain *holder, struct port **port) {
    uint32_t address = platform_pci_info(index)->address;
    struct device *device;
    char name[24];
    snprintf(name, sizeof(name), "pci " BH_PCI_ADDRESS, BH_PCI_ADDRESS_WORDS(address));
    enum bh_error error = take_device(name, index, holder, &device);
    if (!error && !device->port)
        error = port_create(name, &kernel_domain, BH_DEVICE_ID, BH_DEVICE_FINGERPRINT, (uint64_t)device, &device->port);
    if (!error)
        *port = device->port;
    return error;
}

struct domain *resources_holder(uint32_t index, bool *open) {
    const struct device *device = device_of(index);
    *open = device && device->open;
    return device ? device->holder : NULL;
}

static enum bh_error take_ports(const char *selector, struct domain *holder, uint64_t *object) {
    unsigned first, last, irq = NO_IRQ;
    int end = 0, irq_end = 0;
    if (sscanf(selector, "ports:%6x-%6x%n", &first, &last, &end) != 2 || last > 0xffff || first > last ||
        (selector[end] && (sscanf(selector + end, ":%2u%n", &irq, &irq_end) != 1 || selector[end + irq_end])))
        return refuse(BH_EINVAL, "selector \"%s\": not of the form ports:FIRST-LAST or ports:FIRST-LAST:IRQ", selector);
    for (struct port_range *range = port_ranges; range < port_ranges + PORT_RANGES_MAX; range++) {
        if (range->holder && range->holder != holder && first <= range->last && last >= range->first)
            return refuse(BH_EBUSY, "ports 0x%x-0x%x belong to %s already", range->first, range->last, range->holder->name);
        if (range->holder && (range->first != first || range->last != last || range->irq != irq))
            continue;
        if (!range->holder)
            *range = (struct port_range){.holder = holder, .first = first, .last = last, .irq = irq, .binding = {.device = INTERRUPT_LINE, .entry = irq}};
        *object = (uint64_t)range;
        return BH_OK;
    }
    return refuse(BH_ENOSPC, "ports 0x%x-0x%x: more than %d ranges are handed out", first, last, PORT_RANGES_MAX);
}

enum bh_error resources_object(const char *selector, struct domain *holder, uint64_t *object) {
    struct device *device;
    uint32_t index;
    if (strcmp(selector, "guest") == 0)
        return BH_OK; // the manifest's own number
    if (strncmp(selector, "ports:", 6) == 0)
        return take_ports(selector, holder, object);
    enum bh_error error = selectors_find(selector, &index);
    if (error == BH_EINVAL)
        return refuse(error, "selector \"%s\": not ports:..., pci:VENDOR:DEVICE:N or a known kind of device (virtio-blk:N, nvme:N)",
                      selector);
    if (error)
        return refuse(error, "this machine has no device %s, which %s needs", selector, holder->name);
    error = take_device(selector, index, holder, &device);
    if (!error)
        *object = (uint64_t)device;
    return error;
}

// ---- Device ------------------------------------------------------------------------------------------------------------

static enum bh_error find_held(struct domain *caller, uint64_t object, const char *method, struct device **out) {
    struct device *device = (struct device *)object;
    if (device < devices || device >= devices + DEVICES_MAX || device->holder != caller)
        return refuse(BH_ENOENT, "device.%s: %s holds no device here", method, caller->name);
    *out = device;
    return BH_OK;
}

static enum bh_error reserve_window(struct domain *domain, uint64_t size, uint64_t *offset) {
    uint64_t room = BH_SLOT_DEVICES_END - BH_SLOT_DEVICES - window_used[domain->id];
    if (size + BH_PAGE_SIZE > room)
        return refuse(BH_ENOSPC, "no room of %llu bytes in the device window of %s (%llu left)", (unsigned long long)size,
                      domain->name, (unsigned long long)room);
    *offset = BH_SLOT_DEVICES + window_used[domain->id];
    window_used[domain->id] += size + BH_PAGE_SIZE; // a guard behind each
    return BH_OK;
}

static bool page_hidden(const struct platform_pci_part *part, uint32_t bar, uint64_t page) {
    return part->bar == bar && page + BH_PAGE_SIZE > part->offset && page < part->offset + part->size;
}

// Map one BAR page by page but for hidden pages; *offset 0 when nothing of it may be seen.
static enum bh_error map_bar(struct device *device, uint32_t bar, uint64_t *offset) {
    const struct platform_pci_info *info = platform_pci_info(device->index);
    const struct platform_pci_bar *window = &info->bars[bar];
    uint64_t start;
    *offset = 0;
    if (!window->address || window->size < BH_PAGE_SIZE)
        return BH_OK; // shares its page with something else
    enum bh_error error = reserve_window(device->holder, window->size, &start);
    for (uint64_t page = 0; !error && page < window->size; page += BH_PAGE_SIZE) {
        if (page_hidden(&info->msix_table, bar, page) || page_hidden(&info->msix_pending, bar, page))
            continue;
        error = space_map(device->holder->base + start + page, window->address + page, BH_PAGE_SIZE,
                          MAP_READ | MAP_WRITE | MAP_UNCACHED);
        *offset = start;
    }
    return error;
}

// BH_ETIMEDOUT (logged): it does not come back. One that cannot be reset at all is only cut off: its driver may know how.
static enum bh_error stop_device(struct device *device) {
    const struct platform_pci_info *info = platform_pci_info(device->index);
    const char *holder = device->holder->name;
    // Memory decoding goes on and off: QEMU before 8.2 misdirects what another processor reads from, or writes to, any device at that moment.
    cpus_stop();
    enum bh_error error = platform_pci_reset(device->index);
    device->stuck = error == BH_ETIMEDOUT;
    if (device->stuck)
        return refuse(error, "device " BH_PCI_ADDRESS " (%04x:%04x) of %s does not come out of its reset: it stays cut off from memory, and %s waits for it; "
                      "switch the device off and on, then `bhctl restart %s'", BH_PCI_ADDRESS_WORDS(info->address), info->vendor, info->device, holder,
                      holder, holder);
    if (error)
        log_write(BH_LOG_WARNING, "kernel", "device %04x:%04x of %s could not be reset (%s); it is only cut off from memory", info->vendor, info->device, holder,
                  error_sentence(error));
    return BH_OK;
}

bool resources_stuck(const struct domain *domain) {
    for (const struct device *device = devices; device < devices + DEVICES_MAX; device++)
        if (device->holder == domain && device->stuck)
            return true;
    return false;
}

enum bh_error resources_domain_starts(const struct domain *domain) {
    for (struct device *device = devices; device < devices + DEVICES_MAX; device++)
        if (device->holder == domain && device->stuck && stop_device(device) != BH_OK)
            return BH_ETIMEDOUT;
    return BH_OK;
}

static void unmap_bars(struct device *device) {
    for (uint32_t bar = 0; bar < PCI_BARS; bar++)
        if (device->info.bar_offset[bar])
            space_unmap(device->holder->base + device->info.bar_offset[bar], device->info.bar_size[bar]);
}

static void tell_unconfined(struct device *device, enum platform_dma_guard guard) {
    static const char *const why[] = {
        [DMA_NO_IOMMU] = "there is no IOMMU",
        [DMA_OUTSIDE] = "it is not behind the IOMMU",
        [DMA_PAST_IT] = "it goes past the IOMMU (QEMU: iommu_platform=on)",
    };
    uint32_t address = platform_pci_info(device->index)->address;
    if (!device->told)
        log_write(BH_LOG_WARNING, "kernel", "device " BH_PCI_ADDRESS " (%04x:%04x) of %s is not confined: %s; it can reach all memory",
                  BH_PCI_ADDRESS_WORDS(address), device->info.vendor, device->info.device, device->holder->name, why[guard]);
    device->told = true;
}

// Stop it (the firmware may have used it), let it reach what its holder may, and only then let it go.
static enum bh_error start_device(struct device *device) {
    struct domain *domain = device->holder;
    if (stop_device(device) != BH_OK)
        return BH_ETIMEDOUT;
    enum platform_dma_guard guard = platform_dma_guard(device->index);
    if (guard == DMA_CONFINED) {
        bool had_space = platform_dma_has_space(domain->id);
        enum bh_error error = platform_dma_attach(device->index, domain->id);
        if (!error && !had_space)
            error = buffers_dma_open(domain);
        if (error) {
            platform_dma_detach(device->index);
            if (!had_space)
                platform_dma_destroy(domain->id);
            return error;
        }
    } else {
        tell_unconfined(device, guard);
    }
    platform_pci_enable(device->index, true, true);
    return BH_OK;
}

struct domain *resources_holder_of(uint32_t source) {
    for (struct device *device = devices; device < devices + DEVICES_MAX; device++)
        if (device->holder && device->open && platform_dma_source(device->index) == source)
            return device->holder;
    return NULL;
}

enum bh_error serve_device_open(struct domain *caller, uint64_t object, struct bh_device_info *out) {
    struct device *device;
    enum bh_error error = find_held(caller, object, "open", &device);
    if (error)
        return error;
    if (!device->open) {
        const struct platform_pci_info *info = platform_pci_info(device->index);
        device->info = (struct bh_device_info){
            .vendor = info->vendor, .device = info->device, .address = info->address, .vectors = info->vectors};
        for (uint32_t bar = 0; bar < PCI_BARS && !error; bar++) {
            device->info.bar_size[bar] = info->bars[bar].size;
            error = map_bar(device, bar, &device->info.bar_offset[bar]);
        }
        if (!error)
            error = start_device(device);
        if (error) {
            unmap_bars(device);
            return error;
        }
        device->open = true;
    }
    *out = device->info;
    return BH_OK;
}

enum bh_error serve_device_config_read(struct domain *caller, uint64_t object, uint32_t offset, uint32_t size,
                                       uint32_t *value) {
    struct device *device;
    enum bh_error error = find_held(caller, object, "config_read", &device);
    return error ? error : platform_pci_config_read(device->index, offset, size, value);
}

enum bh_error serve_device_bind_vector(struct domain *caller, uint64_t object, uint32_t vector, struct cap *event) {
    struct device *device;
    enum bh_error error = find_held(caller, object, "bind_vector", &device);
    if (error)
        return error;
    if (!device->open)
        return refuse(BH_EINVAL, "device.bind_vector: %s has not opened the device", caller->name);
    if (vector >= device->info.vectors || vector >= VECTORS_MAX)
        return refuse(BH_ERANGE, "device.bind_vector: vector %u is not below %u", vector,
                      device->info.vectors < VECTORS_MAX ? device->info.vectors : VECTORS_MAX);
    device->bindings[vector].device = device->index;
    device->bindings[vector].entry = vector;
    error = interrupt_bind(&device->bindings[vector], caller, event);
    return error ? error : platform_pci_bind(device->index, vector, device->bindings[vector].vector);
}

static enum bh_error dma_check(const struct device *device, uint64_t size) {
    const struct domain *domain = device->holder;
    if (!device->open)
        return refuse(BH_EINVAL, "device.dma_alloc: %s has not opened the device", domain->name);
    if (!size || size > DMA_SIZE_MAX)
        return refuse(BH_ERANGE, "device.dma_alloc: %llu bytes are not between 1 and %llu", (unsigned long long)size,
                      DMA_SIZE_MAX);
    if (device->dma_count == DMA_BLOCKS_MAX)
        return refuse(BH_ENOSPC, "device.dma_alloc: %s has %d blocks already", domain->name, DMA_BLOCKS_MAX);
    if (round_up(size, BH_PAGE_SIZE) > domain_room(domain))
        return refuse(BH_EQUOTA, "device.dma_alloc: %llu bytes are past the memory quota of %s (%llu of %llu used)",
                      (unsigned long long)size, domain->name, (unsigned long long)domain->memory_used,
                      (unsigned long long)domain->memory_quota);
    return BH_OK;
}

enum bh_error serve_device_dma_alloc(struct domain *caller, uint64_t object, uint64_t size, uint64_t *address,
                                     uint64_t *dma_address) {
    struct device *device;
    struct dma_block block;
    enum bh_error error = find_held(caller, object, "dma_alloc", &device);
    if (!error)
        error = dma_check(device, size);
    if (error)
        return error;
    block.size = round_up(size, BH_PAGE_SIZE);
    error = frames_alloc(block.size / BH_PAGE_SIZE, 1, &block.frames);
    if (error)
        return refuse(error, "device.dma_alloc: no %llu contiguous bytes", (unsigned long long)block.size);
    memset(platform_direct(block.frames), 0, block.size);
    error = reserve_window(caller, block.size, &block.offset);
    if (!error)
        error = space_map(caller->base + block.offset, block.frames, block.size, MAP_READ | MAP_WRITE);
    if (!error) {
        error = platform_dma_map(caller->id, block.frames, block.size, MAP_READ | MAP_WRITE);
        if (error)
            space_unmap(caller->base + block.offset, block.size);
    }
    if (error) {
        frames_free(block.frames, block.size / BH_PAGE_SIZE);
        return error;
    }
    caller->memory_used += block.size;
    device->dma[device->dma_count++] = block;
    *address = caller->base + block.offset;
    *dma_address = block.frames;
    return BH_OK;
}

// ---- Ports ---------------------------------------------------------------------------------------------------------------

static enum bh_error ports_check(struct domain *caller, uint64_t object, const char *method, uint32_t port, uint32_t size,
                                 struct port_range **out) {
    struct port_range *range = (struct port_range *)object;
    if (range < port_ranges || range >= port_ranges + PORT_RANGES_MAX || range->holder != caller)
        return refuse(BH_ENOENT, "ports.%s: %s holds no ports here", method, caller->name);
    if (port < range->first || port > range->last || range->last - port < size - 1)
        return refuse(BH_ERANGE, "ports.%s: %u bytes at 0x%x are outside ports 0x%x-0x%x", method, size, port, range->first,
                      range->last);
    *out = range;
    return BH_OK;
}

enum bh_error serve_ports_read(struct domain *caller, uint64_t object, uint32_t port, uint32_t size, uint32_t *value) {
    struct port_range *range;
    enum bh_error error = ports_check(caller, object, "read", port, size, &range);
    if (!error)
        *value = platform_port_read((uint16_t)port, size);
    return error;
}

enum bh_error serve_ports_write(struct domain *caller, uint64_t object, uint32_t port, uint32_t size, uint32_t value) {
    struct port_range *range;
    enum bh_error error = ports_check(caller, object, "write", port, size, &range);
    if (!error)
        platform_port_write((uint16_t)port, size, value);
    return error;
}

// A port for bytes, and the one that says whether it has any or takes one.
static enum bh_error stream_check(struct domain *caller, uint64_t object, const char *method, uint32_t port, uint32_t status_port) {
    struct port_range *range;
    enum bh_error error = ports_check(caller, object, method, port, 1, &range);
    return error ? error : ports_check(caller, object, method, status_port, 1, &range);
}

enum bh_error serve_ports_write_bytes(struct domain *caller, uint64_t object, uint32_t port, uint32_t status_port,
                                      uint32_t mask, const void *data, uint32_t data_size, uint32_t *done) {
    enum bh_error error = stream_check(caller, object, "write_bytes", port, status_port);
    if (error)
        return error;
    uint32_t count = 0;
    while (count < data_size && (platform_port_read((uint16_t)status_port, 1) & mask))
        platform_port_write((uint16_t)port, 1, ((const uint8_t *)data)[count++]);
    *done = count;
    return BH_OK;
}

enum bh_error serve_ports_read_bytes(struct domain *caller, uint64_t object, uint32_t port, uint32_t status_port, uint32_t mask, void *data,
                                     uint32_t *data_size) {
    enum bh_error error = stream_check(caller, object, "read_bytes", port, status_port);
    if (error)
        return error;
    uint32_t count = 0;
    while (count < READ_BYTES_MAX && (platform_port_read((uint16_t)status_port, 1) & mask))
        ((uint8_t *)data)[count++] = (uint8_t)platform_port_read((uint16_t)port, 1);
    *data_size = count;
    return BH_OK;
}

enum bh_error serve_ports_bind_interrupt(struct domain *caller, uint64_t object, struct cap *event) {
    struct port_range *range = (struct port_range *)object;
    if (range < port_ranges || range >= port_ranges + PORT_RANGES_MAX || range->holder != caller)
        return refuse(BH_ENOENT, "ports.bind_interrupt: %s holds no ports here", caller->name);
    if (range->irq == NO_IRQ)
        return refuse(BH_ENOENT, "ports.bind_interrupt: the manifest gives ports 0x%x-0x%x no interrupt", range->first,
                      range->last);
    enum bh_error error = interrupt_bind(&range->binding, caller, event);
    return error ? error : irq_legacy(range->irq, range->binding.vector);
}

// ---- death -----------------------------------------------------------------------------------------------------------------

static void close_device(struct device *device) {
    struct domain *domain = device->holder;
    (void)stop_device(device); // it is blocked in any case
    platform_dma_detach(device->index);
    for (uint32_t i = 0; i < VECTORS_MAX; i++)
        interrupt_unbind(&device->bindings[i]);
    unmap_bars(device);
    for (uint32_t i = 0; i < device->dma_count; i++) {
        struct dma_block *block = &device->dma[i];
        space_unmap(domain->base + block->offset, block->size);
        platform_dma_unmap(domain->id, block->frames, block->size);
        frames_free(block->frames, block->size / BH_PAGE_SIZE);
        domain->memory_used -= block->size;
    }
    device->dma_count = 0;
    device->open = false;
}

enum bh_error resources_take_back(uint32_t index) {
    struct device *device = device_of(index);
    if (!device || !device->holder)
        return BH_ENOENT;
    if (device->open)
        close_device(device);
    device->holder = NULL;
    return BH_OK;
}

void resources_domain_died(struct domain *domain) {
    for (struct device *device = devices; device < devices + DEVICES_MAX; device++)
        if (device->holder == domain && device->open)
            close_device(device);
    platform_dma_destroy(domain->id);
    dma_domain_died(domain);
    for (struct port_range *range = port_ranges; range < port_ranges + PORT_RANGES_MAX; range++)
        if (range->holder == domain)
            interrupt_unbind(&range->binding);
    window_used[domain->id] = 0;
}
