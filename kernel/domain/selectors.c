// SPDX-License-Identifier: MIT
//
// Names by which manifests select devices: by identity, or by kind. Called by resources.c while the system is made.
#include "kernel/domain/selectors.h"

#include <stdio.h>
#include <string.h>

#include "kernel/platform/device.h"

// Names for devices that come with more than one identity (virtio 1.2, 4.1.2).
static const struct {
    const char *name;
    uint16_t device, old_device;
} virtio_names[] = {
    {"virtio-net", 0x1041, 0x1000},
    {"virtio-blk", 0x1042, 0x1001},
    {"virtio-console", 0x1043, 0x1003},
    {"virtio-rng", 0x1044, 0x1005},
};
#define VENDOR_VIRTIO 0x1af4

static enum bh_error find_virtio(uint32_t which, uint32_t nth, uint32_t *index) {
    uint32_t skipped = 0;
    while (skipped < nth && platform_pci_find(VENDOR_VIRTIO, virtio_names[which].device, skipped, index) == BH_OK)
        skipped++;
    if (platform_pci_find(VENDOR_VIRTIO, virtio_names[which].device, nth, index) == BH_OK)
        return BH_OK;
    return platform_pci_find(VENDOR_VIRTIO, virtio_names[which].old_device, nth - skipped, index);
}

// Names for kinds of devices that have a class of their own.
static const struct {
    const char *name;
    uint32_t class_code;
} class_names[] = {{"nvme", 0x010802}};
#define CLASS_WHOLE 0xffffffu

// The number behind "NAME:" in a selector of this name.
static bool numbered(const char *selector, const char *name, uint32_t *nth) {
    size_t size = strlen(name);
    int end = 0;
    return strncmp(selector, name, size) == 0 && sscanf(selector + size, ":%3u%n", nth, &end) == 1 && !selector[size + (size_t)end];
}

enum bh_error selectors_find(const char *selector, uint32_t *index) {
    unsigned vendor, device, nth;
    int end = 0;
    if (sscanf(selector, "pci:%4x:%4x:%3u%n", &vendor, &device, &nth, &end) == 3 && !selector[end])
        return platform_pci_find(vendor, device, nth, index);
    for (uint32_t i = 0; i < sizeof(virtio_names) / sizeof(virtio_names[0]); i++)
        if (numbered(selector, virtio_names[i].name, &nth))
            return find_virtio(i, nth, index);
    for (uint32_t i = 0; i < sizeof(class_names) / sizeof(class_names[0]); i++)
        if (numbered(selector, class_names[i].name, &nth))
            return platform_pci_find_class(class_names[i].class_code, CLASS_WHOLE, nth, index);
    return BH_EINVAL;
}
