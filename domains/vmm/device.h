// SPDX-License-Identifier: MIT
//
// The one shape of a device model. A chip is a plain struct of state and a constant struct device_model; machine.c holds
// the list of chips and the ports and addresses at which they answer. All calls happen under the machine's lock.
//
// Trust: offset and value come from the guest. Offsets lie inside the range that was mapped, sizes are 1, 2 or 4 and at
// most `access_max`; nothing else is promised.
#ifndef VMM_DEVICE_H
#define VMM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct device_model {
    const char *name;
    uint32_t access_max; // bytes; wider accesses are split into pieces of this size, upwards
    void (*reset)(void *device);
    uint32_t (*read)(void *device, uint32_t offset, uint32_t size);
    void (*write)(void *device, uint32_t offset, uint32_t size, uint32_t value);
    // Bring the device up to `now_ns`. Returns when it next wants this, 0: never. NULL: it has no clock.
    uint64_t (*tick)(void *device, uint64_t now_ns);
};

// The earlier of two deadlines, 0 meaning none.
static inline uint64_t deadline_min(uint64_t a, uint64_t b) {
    if (!a || !b)
        return a | b;
    return a < b ? a : b;
}

#endif
