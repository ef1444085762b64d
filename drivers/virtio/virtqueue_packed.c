// SPDX-License-Identifier: MIT
//
// Packed virtqueues: one ring of descriptors, in which the device writes what it has used over what was offered. Whether a descriptor is offered or used is
// told by two of its flags, against a wrap counter that each side turns over at the end of the ring. Source: virtio 1.2, 2.8.
//
//   descriptors (16 * size) | the driver's wish for interrupts (4) | the device's wish for notifications (4)
//
// Invariant: the ring is never read for what was written there by this side. A used descriptor carries an id and a length; how many places its chain took,
// and so where the next one is looked for, is in length[id].
#include "virtqueue.h"

#include <stdatomic.h>

#include "bulkhead/dma.h"

enum wish : uint16_t { WISH_ALWAYS = 0, WISH_NEVER = 1, WISH_AT = 2 };
enum { WRAP = 1 << 15 };

struct event_area {
    uint16_t place; // from which descriptor on, with the wrap counter in bit 15
    uint16_t wish;
};

struct virtqueue_areas virtqueue_packed_areas(uint16_t size) {
    return (struct virtqueue_areas){16u * size, 16u * size + 4, 16u * size + 8};
}

void virtqueue_packed_start(struct virtqueue *queue, uint64_t memory) {
    struct virtqueue_areas areas = virtqueue_packed_areas(queue->size);
    queue->packed = (volatile struct virtq_packed_descriptor *)memory;
    queue->driver_event = (volatile void *)(memory + areas.driver);
    queue->device_event = (volatile void *)(memory + areas.device);
    queue->available_wrap = queue->used_wrap = true;
}

static void fill_table(const struct virtqueue_offer *offer) {
    volatile struct virtq_packed_descriptor *table = (volatile struct virtq_packed_descriptor *)offer->table;
    for (uint32_t i = 0; i < offer->count; i++) {
        table[i].address = bh_dma_address(offer->segments[i].address);
        table[i].size = offer->segments[i].size;
        table[i].id = 0;
        table[i].flags = offer->segments[i].device_writes ? DESCRIPTOR_WRITE : 0;
    }
}

// The flags of the first one say that there is a chain, so they are written when it is published.
uint16_t virtqueue_packed_offer(struct virtqueue *queue, const struct virtqueue_offer *offer, uint16_t id) {
    const struct virtio_segment table = {offer->table_address, offer->count * (uint32_t)sizeof(*offer->table), false};
    uint32_t count = offer->table ? 1 : offer->count;
    queue->written_at = queue->next_available;
    if (offer->table)
        fill_table(offer);
    for (uint32_t i = 0; i < count; i++) {
        volatile struct virtq_packed_descriptor *descriptor = &queue->packed[queue->next_available];
        const struct virtio_segment *segment = offer->table ? &table : &offer->segments[i];
        uint16_t flags = (uint16_t)((offer->table ? DESCRIPTOR_INDIRECT : 0) | (segment->device_writes ? DESCRIPTOR_WRITE : 0) |
                                    (i + 1 < count ? DESCRIPTOR_NEXT : 0) | (queue->available_wrap ? PACKED_AVAILABLE : PACKED_USED));
        descriptor->address = bh_dma_address(segment->address);
        descriptor->size = segment->size;
        descriptor->id = id;
        if (i)
            descriptor->flags = flags;
        else
            queue->written_flags = flags;
        if (++queue->next_available == queue->size) {
            queue->next_available = 0;
            queue->available_wrap = !queue->available_wrap;
        }
    }
    queue->notified = (uint16_t)(queue->notified + count);
    return queue->chain[id];
}

void virtqueue_packed_publish(struct virtqueue *queue) {
    atomic_thread_fence(memory_order_release);
    queue->packed[queue->written_at].flags = queue->written_flags;
}

bool virtqueue_packed_wants_kick(struct virtqueue *queue) {
    volatile struct event_area *area = queue->device_event;
    uint16_t added = queue->notified, now = queue->next_available, wish = area->wish;
    queue->notified = 0;
    if (wish != WISH_AT)
        return added && wish != WISH_NEVER;
    atomic_thread_fence(memory_order_acquire);
    uint16_t place = area->place, at = place & (uint16_t)~WRAP;
    if (!!(place & WRAP) != queue->available_wrap)
        at = (uint16_t)(at - queue->size);
    return (uint16_t)(now - at - 1) < added;
}

static bool is_used(const struct virtqueue *queue, uint16_t flags) {
    return !!(flags & PACKED_AVAILABLE) == queue->used_wrap && !!(flags & PACKED_USED) == queue->used_wrap;
}

enum bh_error virtqueue_packed_peek(struct virtqueue *queue, uint32_t *id, uint32_t *written) {
    volatile struct virtq_packed_descriptor *descriptor = &queue->packed[queue->next_used];
    if (!is_used(queue, descriptor->flags))
        return BH_EAGAIN;
    atomic_thread_fence(memory_order_acquire);
    *id = descriptor->id;
    *written = descriptor->size;
    return BH_OK;
}

void virtqueue_packed_advance(struct virtqueue *queue, uint16_t id) {
    queue->next_used += queue->length[id];
    if (queue->next_used >= queue->size) {
        queue->next_used -= queue->size;
        queue->used_wrap = !queue->used_wrap;
    }
}

bool virtqueue_packed_arm(struct virtqueue *queue) {
    volatile struct event_area *area = queue->driver_event;
    if (queue->device->features & VIRTIO_F_EVENT_IDX) {
        area->place = (uint16_t)(queue->next_used | (queue->used_wrap ? WRAP : 0));
        atomic_thread_fence(memory_order_release);
        area->wish = WISH_AT;
    }
    atomic_thread_fence(memory_order_seq_cst);
    return is_used(queue, queue->packed[queue->next_used].flags);
}
