// SPDX-License-Identifier: MIT
//
// The modern PCI transport: structures are found by vendor capabilities in configuration space and lie in BARs, which the kernel has
// mapped into this domain. Source: virtio 1.2, 4.1.4 (structure layout), 3.1.1 (initialization).
#include "virtio.h"

#include <string.h>

#include "bulkhead/device.h"
#include "bulkhead/domain.h"
#include "bulkhead/settings.h"
#include "kernel.h"

#define PCI_STATUS_AND_COMMAND 4
#define PCI_STATUS_CAPABILITIES (1u << 20)
#define PCI_CAPABILITIES 0x34
#define PCI_CAPABILITY_VENDOR 9
#define CAPABILITIES_MAX 48
#define RESET_TRIES 1000
#define RESET_POLL_NS 1000000

enum structure { STRUCTURE_COMMON = 1, STRUCTURE_NOTIFY = 2, STRUCTURE_DEVICE = 4 };
enum status { STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 64,
              STATUS_FAILED = 128 };

// Offsets in the common configuration structure.
enum common { COMMON_DEVICE_SELECT = 0, COMMON_DEVICE_FEATURES = 4, COMMON_DRIVER_SELECT = 8, COMMON_DRIVER_FEATURES = 12,
              COMMON_CONFIG_VECTOR = 16, COMMON_STATUS = 20, COMMON_GENERATION = 21, COMMON_SIZE = 56 };

struct place {
    volatile uint8_t *address; // in this domain
    uint64_t size;
};

static uint32_t config_word(const struct virtio_device *device, uint32_t offset, uint32_t size) {
    uint32_t value = 0;
    (void)device_config_read(device->cap, offset, size, &value); // zero ends the list of capabilities
    return value;
}

static void set32(volatile uint8_t *base, uint32_t offset, uint32_t value) {
    *(volatile uint32_t *)(base + offset) = value;
}

static uint32_t get32(volatile uint8_t *base, uint32_t offset) {
    return *(volatile uint32_t *)(base + offset);
}

// Where the structure that the capability at `at` describes is mapped. Size 0: it is not.
static struct place locate(const struct virtio_device *device, const struct bh_device_info *info, uint32_t at) {
    uint32_t bar = config_word(device, at + 4, 1);
    uint64_t offset = config_word(device, at + 8, 4), size = config_word(device, at + 12, 4);
    if (bar >= 6 || !info->bar_offset[bar] || offset > info->bar_size[bar] || size > info->bar_size[bar] - offset)
        return (struct place){0};
    return (struct place){bh_device_memory(info->bar_offset[bar] + offset), size};
}

static void note_structure(struct virtio_device *device, uint32_t kind, struct place place, uint32_t at) {
    if (kind == STRUCTURE_COMMON && place.size >= COMMON_SIZE && !device->common) {
        device->common = place.address;
    } else if (kind == STRUCTURE_NOTIFY && place.size >= 2 && !device->notify) {
        device->notify = place.address;
        device->notify_size = place.size;
        device->notify_multiplier = config_word(device, at + 16, 4);
    } else if (kind == STRUCTURE_DEVICE && place.size && !device->config) {
        device->config = place.address;
        device->config_size = place.size;
    }
}

static enum bh_error find_structures(struct virtio_device *device, const struct bh_device_info *info) {
    uint32_t at = 0;
    if (config_word(device, PCI_STATUS_AND_COMMAND, 4) & PCI_STATUS_CAPABILITIES)
        at = config_word(device, PCI_CAPABILITIES, 1) & 0xfc;
    for (int i = 0; at >= 0x40 && i < CAPABILITIES_MAX; i++, at = config_word(device, at + 1, 1) & 0xfc) {
        if (config_word(device, at, 1) != PCI_CAPABILITY_VENDOR)
            continue;
        struct place place = locate(device, info, at);
        if (place.size)
            note_structure(device, config_word(device, at + 3, 1), place, at);
    }
    if (device->common && device->notify)
        return BH_OK;
    bh_error_log("device %04x:%04x has no modern virtio structures; start the machine with a virtio 1.0 device (disable-legacy=on)",
                 info->vendor, info->device);
    return BH_ENOTSUP;
}

static void read_offer(struct virtio_device *device) {
    device->offered = device->features = 0;
    for (uint32_t half = 0; half < 2; half++) {
        set32(device->common, COMMON_DEVICE_SELECT, half);
        device->offered |= (uint64_t)get32(device->common, COMMON_DEVICE_FEATURES) << (32 * half);
    }
}

enum bh_error virtio_reset(struct virtio_device *device) {
    device->common[COMMON_STATUS] = 0;
    for (int i = 0; i < RESET_TRIES; i++) {
        if (device->common[COMMON_STATUS] == 0) {
            device->common[COMMON_STATUS] = STATUS_ACKNOWLEDGE;
            device->common[COMMON_STATUS] = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
            read_offer(device);
            return BH_OK;
        }
        bh_sleep_for(RESET_POLL_NS);
    }
    bh_error_log("the device does not come out of reset");
    return BH_EIO;
}

// Packed queues, unless the manifest says no.
static uint64_t wanted_layout(void) {
    char text[BH_SETTING_SIZE];
    bool off = bh_setting("packed", text, sizeof(text)) && strcmp(text, "off") == 0;
    return off ? 0 : VIRTIO_F_RING_PACKED;
}

enum bh_error virtio_agree(struct virtio_device *device, uint64_t wanted, uint64_t required) {
    required |= VIRTIO_F_VERSION_1;
    if (required & ~device->offered) {
        bh_error_log("the device lacks features 0x%llx", (unsigned long long)(required & ~device->offered));
        return BH_ENOTSUP;
    }
    wanted |= required | wanted_layout() | VIRTIO_F_ACCESS_PLATFORM; // on which a device behind an IOMMU insists
    device->features = device->offered & wanted;
    for (uint32_t half = 0; half < 2; half++) {
        set32(device->common, COMMON_DRIVER_SELECT, half);
        set32(device->common, COMMON_DRIVER_FEATURES, (uint32_t)(device->features >> (32 * half)));
    }
    device->common[COMMON_STATUS] = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK;
    if (device->common[COMMON_STATUS] & STATUS_FEATURES_OK)
        return BH_OK;
    device->common[COMMON_STATUS] = STATUS_FAILED;
    bh_error_log("the device refuses features 0x%llx", (unsigned long long)device->features);
    return BH_ENOTSUP;
}

enum bh_error virtio_find(struct virtio_device *device, const char *name) {
    struct bh_device_info info;
    memset(device, 0, sizeof(*device));
    enum bh_error error = bh_device_find(name, "virtio-", &device->cap);
    if (error)
        return error;
    error = device_open(device->cap, &info);
    if (error)
        return error;
    device->address = info.address;
    device->vectors = info.vectors;
    return find_structures(device, &info);
}

enum bh_error virtio_open(struct virtio_device *device, const char *name, uint64_t wanted, uint64_t required) {
    enum bh_error error = virtio_find(device, name);
    if (!error)
        error = virtio_reset(device);
    return error ? error : virtio_agree(device, wanted, required);
}

enum bh_error virtio_bind_config(struct virtio_device *device, uint32_t vector, bh_cap event) {
    volatile uint16_t *wanted = (volatile uint16_t *)(device->common + COMMON_CONFIG_VECTOR);
    enum bh_error error = device_bind_vector(device->cap, vector, event);
    if (error)
        return error;
    *wanted = (uint16_t)vector;
    if (*wanted == vector)
        return BH_OK;
    bh_error_log("the device refuses interrupt vector %u for its configuration", vector);
    return BH_EIO;
}

void virtio_start(struct virtio_device *device) {
    device->common[COMMON_STATUS] = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK;
}

void virtio_config(struct virtio_device *device, uint32_t offset, void *to, uint32_t size) {
    uint8_t *bytes = to;
    uint8_t before;
    int tries = 0;
    do {
        before = device->common[COMMON_GENERATION];
        for (uint32_t i = 0; i < size; i++)
            bytes[i] = offset + i < device->config_size ? device->config[offset + i] : 0;
    } while (device->common[COMMON_GENERATION] != before && ++tries < RESET_TRIES);
}

bool virtio_broken(struct virtio_device *device) {
    uint8_t status = device->common[COMMON_STATUS];
    return status == 0xff || (status & STATUS_NEEDS_RESET);
}
