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
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct device_model {
    const char *name;
    uint32_t access_max; // bytes; wider accesses are split into pieces of this size, upwards
    void (*reset)(void *device);
    uint32_t (*read)(void *device, uint32_t offset, uint32_t size);
    void (*write)(void *device, uint32_t offset, uint32_t size, uint32_t value);
    // Bring the device up to `now_ns`. Returns when it next wants this, 0: never. NULL: it has no clock.
    uint64_t (*tick)(void *device, uint64_t now_ns);
    // Take over `saved`, the same chip as an earlier instance of the vmm left it, which may be garbage: whatever could lead this code astray is
    // checked, pointers and what was wired at the start stay. NULL, or what is wrong with it. A chip behind several models has it in one of them.
    const char *(*restore)(void *device, const void *saved);
};

// All of a chip from field `first' on.
#define DEVICE_TAKE(to, from, first)                                                                                              \
    memcpy(&(to)->first, &(from)->first, sizeof(*(to)) - offsetof(typeof(*(to)), first))

// Is it one, that is 0 or 1? To be asked before it is read as one.
static inline bool device_flag(const bool *flag) {
    return *(const uint8_t *)flag <= 1;
}

// The earlier of two deadlines, 0 meaning none.
static inline uint64_t deadline_min(uint64_t a, uint64_t b) {
    if (!a || !b)
        return a | b;
    return a < b ? a : b;
}

#endif
