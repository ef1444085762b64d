// SPDX-License-Identifier: MIT
//
// How a driver comes to its device: the manifest grants it one, or lets it claim one of domain pci (docs/drivers.md).
#ifndef BULKHEAD_DEVICE_H
#define BULKHEAD_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "bulkhead/ring.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"
#include "kernel/abi/slot.h"

// The capability of interface Device granted as `name`; else the first function that the domain may claim, through the capability "pci", of a kind that begins
// with `kind` ("nvme", "virtio-"). Waits for a domain pci that is being restarted. Refusals are in the log.
enum bh_error bh_device_find(const char *name, const char *kind, bh_cap *cap);

// Was the device taken away since it was found? What fails then is the loss's doing, and may be given back to a successor.
bool bh_device_taken_away(bh_cap cap);

// Where the client's data are for the device: the buffer of the ring granted as `name`, which this domain need not map. BH_ENOENT (logged): the ring
// has none.
enum bh_error bh_device_data(const struct bh_ring *ring, const char *name, uint64_t *dma_address, uint64_t *size);

// A pointer to what the kernel names by its offset in this domain's slot (struct bh_device_info). The offset itself is an address for confined code, of
// whose addresses the low half counts, but not for a plain driver.
static inline volatile void *bh_device_memory(uint64_t slot_offset) {
    return (volatile void *)(((uint64_t)(uintptr_t)bh_device_find & ~BH_SLOT_MASK) | slot_offset);
}

#endif
