// SPDX-License-Identifier: MIT
//
// Which buffers are with the device is known here, in memory that it cannot write. No more are than the driver has room for, so that nothing that the device
// wrote is ever lost: what it has beyond that stays with it.
#include "inlet.h"

#include <stddef.h>

#include "bulkhead/domain.h"

// Differs if a bit of one of them does.
static uint64_t digest(const struct inlet *inlet) {
    return (uint64_t)inlet->memory - inlet->address + ((uint64_t)inlet->size << 32);
}

static void check(const struct inlet *inlet) {
    if (digest(inlet) != inlet->digest)
        bh_panic("where the device's buffers are has changed by itself");
}

void inlet_create(struct inlet *inlet, struct virtqueue *queue, volatile uint8_t *memory, uint64_t address, uint32_t size) {
    *inlet = (struct inlet){.queue = queue, .memory = memory, .address = address, .size = size};
    inlet->digest = digest(inlet);
    for (uint32_t i = 0; i < INLET_BUFFERS; i++)
        inlet->idle[i] = true;
}

void inlet_refill(struct inlet *inlet, uint32_t room) {
    bool any = false;
    check(inlet);
    for (uint32_t i = 0; i < INLET_BUFFERS; i++) {
        const struct virtio_segment segment = {inlet->address + i * inlet->size, inlet->size, true};
        if (!inlet->idle[i] || room < (inlet->with_device + 1) * inlet->size || virtqueue_add(inlet->queue, &segment, 1, NULL, 0, i))
            continue;
        inlet->idle[i] = false;
        inlet->with_device++;
        any = true;
    }
    if (any)
        virtqueue_kick(inlet->queue);
}

enum bh_error inlet_take(struct inlet *inlet, volatile uint8_t **bytes, uint32_t *count) {
    uint32_t index;
    enum bh_error error = virtqueue_take(inlet->queue, &index, count);
    if (error)
        return error;
    check(inlet);
    inlet->idle[index] = true;
    inlet->with_device--;
    *bytes = inlet->memory + index * inlet->size;
    return BH_OK;
}
