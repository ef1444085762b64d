// SPDX-License-Identifier: MIT
//
// The two layouts of a virtqueue, split (virtqueue_split.c) and packed (virtqueue_packed.c), behind the functions of virtio.h: virtqueue.c keeps the books
// and asks one of these to write and read what is shared with the device. Each is called for queues of its own layout only.
#ifndef VIRTIO_VIRTQUEUE_H
#define VIRTIO_VIRTQUEUE_H

#include "virtio.h"

enum packed_flags : uint16_t { PACKED_AVAILABLE = 1 << 7, PACKED_USED = 1 << 15 };

// Where the driver's and the device's area begin behind the descriptors, and the size of all three, in bytes.
struct virtqueue_areas {
    uint32_t driver, device, size;
};

// What to offer: a chain, or a table with one in it.
struct virtqueue_offer {
    const struct virtio_segment *segments;
    uint32_t count;
    volatile struct virtq_descriptor *table; // NULL: none
    uint64_t table_address;
};

struct virtqueue_areas virtqueue_split_areas(uint16_t size);
void virtqueue_split_start(struct virtqueue *queue, uint64_t memory);
// Write it down under number `id`, which is at the head of the free list. Returns the new head of that list.
uint16_t virtqueue_split_offer(struct virtqueue *queue, const struct virtqueue_offer *offer, uint16_t id);
// Let the device see it.
void virtqueue_split_publish(struct virtqueue *queue);
// Does the device want to know of what was offered since the last question?
bool virtqueue_split_wants_kick(struct virtqueue *queue);
// What the device says it has ended next. BH_EAGAIN: nothing. BH_EPROTO: what it says cannot be.
enum bh_error virtqueue_split_peek(struct virtqueue *queue, uint32_t *id, uint32_t *written);
// It has been taken: go past it. Nothing is left in it, should the device do it once more. False, and it stays: it is not what was offered any more, so the device may
// have done something else.
bool virtqueue_split_advance(struct virtqueue *queue, uint16_t id);
bool virtqueue_split_arm(struct virtqueue *queue);

struct virtqueue_areas virtqueue_packed_areas(uint16_t size);
void virtqueue_packed_start(struct virtqueue *queue, uint64_t memory);
uint16_t virtqueue_packed_offer(struct virtqueue *queue, const struct virtqueue_offer *offer, uint16_t id);
void virtqueue_packed_publish(struct virtqueue *queue);
bool virtqueue_packed_wants_kick(struct virtqueue *queue);
enum bh_error virtqueue_packed_peek(struct virtqueue *queue, uint32_t *id, uint32_t *written);
void virtqueue_packed_advance(struct virtqueue *queue, uint16_t id);
bool virtqueue_packed_arm(struct virtqueue *queue);

#endif
