// SPDX-License-Identifier: MIT
//
// The guest's memory as the vmm sees it: one exchange buffer, guest-physical address = offset inside.
//
// Trust: the guest may change every byte at any time. What decides something is read once, into a local copy.
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t gpa; // guest-physical address
typedef uint64_t gva; // guest-virtual (linear) address

struct guest_memory {
    uint8_t *base;
    uint64_t size;
};

// Where [address, address + size) lies in the vmm, NULL when any of it is outside the guest's memory.
static inline void *memory_at(const struct guest_memory *memory, gpa address, uint64_t size) {
    if (address > memory->size || size > memory->size - address)
        return NULL;
    return memory->base + address;
}

// Copy in and out; false, and nothing copied, when the range is outside.
static inline bool memory_read(const struct guest_memory *memory, gpa address, void *to, uint64_t size) {
    const void *from = memory_at(memory, address, size);
    if (from)
        memcpy(to, from, size);
    return from != NULL;
}

static inline bool memory_write(const struct guest_memory *memory, gpa address, const void *from, uint64_t size) {
    void *to = memory_at(memory, address, size);
    if (to)
        memcpy(to, from, size);
    return to != NULL;
}

#endif
