// SPDX-License-Identifier: MIT
//
// Names by which manifests select devices: by identity, or by kind. Called by resources.c while the system is made.
#include "kernel/domain/selectors.h"

#include <stdio.h>
#include <string.h>

#include "kernel/abi/pci.h"
#include "kernel/platform/device.h"

#define CLASS_WHOLE 0xffffffu

// Those of today's identity come first.
static enum bh_error find_virtio(const struct bh_pci_kind *kind, uint32_t nth, uint32_t *index) {
    uint32_t skipped = 0;
    while (skipped < nth && platform_pci_find(BH_PCI_VIRTIO, kind->device, skipped, index) == BH_OK)
        skipped++;
    if (platform_pci_find(BH_PCI_VIRTIO, kind->device, nth, index) == BH_OK)
        return BH_OK;
    return platform_pci_find(BH_PCI_VIRTIO, kind->old_device, nth - skipped, index);
}

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
    for (const struct bh_pci_kind *kind = bh_pci_kinds; kind < bh_pci_kinds + BH_PCI_KINDS; kind++)
        if (numbered(selector, kind->name, &nth))
            return kind->class_code ? platform_pci_find_class(kind->class_code, CLASS_WHOLE, nth, index) : find_virtio(kind, nth, index);
    return BH_EINVAL;
}
