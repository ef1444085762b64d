// SPDX-License-Identifier: MIT
//
// Small buffers that a device fills with bytes, for a driver that takes them out at once: those with the device, and those that wait for room behind them.
//
// Trust: the device may write to a buffer that it has until it gives it back, and what it says it wrote is at most what there was room for (virtqueue.h).
// Context: under the lock of the queue.
#ifndef VIRTIO_INLET_H
#define VIRTIO_INLET_H

#include "virtio.h"

#define INLET_BUFFERS 8u

struct inlet {
    struct virtqueue *queue;
    volatile uint8_t *memory; // DMA memory, INLET_BUFFERS of `size` bytes each
    uint64_t address;         // where the device has it
    uint32_t size;
    uint64_t digest;          // of these three, as they were made
    bool idle[INLET_BUFFERS]; // not with the device
    uint32_t with_device;
};

// All buffers are idle.
void inlet_create(struct inlet *inlet, struct virtqueue *queue, volatile uint8_t *memory, uint64_t address, uint32_t size);
// Give the device idle buffers, as many as may be filled to the brim where `room` bytes more find place.
void inlet_refill(struct inlet *inlet, uint32_t room);
// The next buffer that came back: `count` bytes at `*bytes`, the caller's until the next inlet_refill(). Errors: virtqueue_take()'s. Panics
// when a bit of where the buffers are has flipped: what stands elsewhere is not what the device wrote.
enum bh_error inlet_take(struct inlet *inlet, volatile uint8_t **bytes, uint32_t *count);

#endif
