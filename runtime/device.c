// SPDX-License-Identifier: MIT
//
// A driver's device, granted or claimed, and the data that it moves.
#include "bulkhead/device.h"

#include "bulkhead/domain.h"
#include "kernel.h"
#include "pci.h"

#define RETRY_NS 2000000u

enum bh_error bh_device_find(const char *name, const char *kind, bh_cap *cap) {
    uint64_t until = bh_time_ns() + BH_SERVER_WAIT_NS;
    bh_cap pci;
    if (bh_cap_find(name, cap) == BH_OK)
        return BH_OK;
    enum bh_error error = bh_cap_find("pci", &pci);
    if (error) {
        bh_error_log("no device: the manifest grants neither a capability named %s nor one named pci, to claim it", name);
        return error;
    }
    while (bh_may_pass(error = pci_claim(pci, kind, cap)) && bh_time_ns() < until)
        bh_sleep_for(error == BH_ENOMEM ? 25 * RETRY_NS : RETRY_NS); // the kernel logs each time that there is no memory
    if (error)
        bh_error_log("no device: domain pci gives none of kind %s: %s", kind, bh_strerror(error));
    return error;
}

bool bh_device_taken_away(bh_cap cap) {
    uint32_t value;
    return cap && device_config_read(cap, 0, BH_ACCESS_SIZE_LONG, &value) == BH_ENOENT;
}

enum bh_error bh_device_data(const struct bh_ring *ring, const char *name, uint64_t *dma_address, uint64_t *size) {
    struct bh_buffer_info info;
    if (!ring->info.buffer) {
        bh_error_log("ring %s has no data buffer: name one in the manifest (buffer = ...)", name);
        return BH_ENOENT;
    }
    enum bh_error error = bh_buffer_info(ring->info.buffer, &info);
    if (error)
        return error;
    *dma_address = info.dma_address;
    *size = info.size;
    return BH_OK;
}
