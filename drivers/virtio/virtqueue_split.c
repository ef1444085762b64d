// SPDX-License-Identifier: MIT
//
// Split virtqueues: descriptors, a ring of those that are offered, a ring of those that are used, each written by one side. Source: virtio 1.2, 2.7.
//
//   descriptors (16 * size) | available ring (6 + 2 * size) | at the next multiple of 4: used ring (6 + 8 * size)
#include "virtqueue.h"

#include <stdatomic.h>

#include "bulkhead/dma.h"
#include "bulkhead/domain.h"

enum { USED_NO_NOTIFY = 1 };

struct virtqueue_areas virtqueue_split_areas(uint16_t size) {
    uint32_t available = 16u * size, used = (available + 6 + 2 * size + 3) & ~3u;
    return (struct virtqueue_areas){available, used, used + 6 + 8 * size};
}

void virtqueue_split_start(struct virtqueue *queue, uint64_t memory) {
    struct virtqueue_areas areas = virtqueue_split_areas(queue->size);
    queue->descriptors = (volatile struct virtq_descriptor *)memory;
    queue->available = (volatile uint16_t *)(memory + areas.driver);
    queue->used = (volatile uint16_t *)(memory + areas.device);
}

// A descriptor in one word, in which each of its bits turns one.
static uint64_t digest(const struct virtq_descriptor *one) {
    return one->address ^ (one->size | (uint64_t)one->flags << 32 | (uint64_t)one->next << 48);
}

// Returns its digest: of what was meant, not of what stands there.
static uint64_t put(volatile struct virtq_descriptor *descriptor, struct virtq_descriptor one) {
    descriptor->address = one.address;
    descriptor->size = one.size;
    descriptor->flags = one.flags;
    descriptor->next = one.next;
    return digest(&one);
}

static uint64_t describe(volatile struct virtq_descriptor *descriptor, const struct virtio_segment *segment, bool last, uint16_t next) {
    uint16_t flags = (uint16_t)((segment->device_writes ? DESCRIPTOR_WRITE : 0) | (last ? 0 : DESCRIPTOR_NEXT));
    return put(descriptor, (struct virtq_descriptor){bh_dma_address(segment->address), segment->size, flags, last ? 0 : next});
}

uint16_t virtqueue_split_offer(struct virtqueue *queue, const struct virtqueue_offer *offer, uint16_t id) {
    uint16_t at = id;
    uint64_t meant = 0;
    for (uint32_t i = 0; i < offer->count; i++) {
        bool last = i + 1 == offer->count;
        if (offer->table) {
            (void)describe(&offer->table[i], &offer->segments[i], last, (uint16_t)(i + 1));
            continue;
        }
        meant ^= describe(&queue->descriptors[at], &offer->segments[i], last, queue->chain[at]);
        at = queue->chain[at];
    }
    if (offer->table) {
        meant = put(&queue->descriptors[id], (struct virtq_descriptor){bh_dma_address(offer->table_address),
                                                                       offer->count * (uint32_t)sizeof(*offer->table), DESCRIPTOR_INDIRECT, 0});
        at = queue->chain[id];
    }
    queue->meant[id] = meant;
    queue->available[2 + (queue->next_available & (queue->size - 1))] = id;
    return at;
}

void virtqueue_split_publish(struct virtqueue *queue) {
    atomic_thread_fence(memory_order_release);
    queue->available[1] = ++queue->next_available;
}

bool virtqueue_split_wants_kick(struct virtqueue *queue) {
    uint16_t before = queue->notified, now = queue->next_available;
    queue->notified = now;
    if (!(queue->device->features & VIRTIO_F_EVENT_IDX))
        return now != before && !(queue->used[0] & USED_NO_NOTIFY);
    uint16_t wish = queue->used[2 + 4 * queue->size];
    return (uint16_t)(now - wish - 1) < (uint16_t)(now - before);
}

enum bh_error virtqueue_split_peek(struct virtqueue *queue, uint32_t *id, uint32_t *written) {
    uint16_t ready = (uint16_t)(queue->used[1] - queue->next_used), in_flight = (uint16_t)(queue->next_available - queue->next_used);
    if (!ready)
        return BH_EAGAIN;
    if (ready > in_flight) { // it lies, or our own index had changed when it looked, and it did old ones once more
        bh_error_log("the device has ended %u chains of queue %u, and %u are in flight", ready, queue->index, in_flight);
        return BH_EPROTO;
    }
    atomic_thread_fence(memory_order_acquire);
    volatile uint32_t *entry = (volatile uint32_t *)(queue->used + 2 + 4 * (queue->next_used & (queue->size - 1)));
    *id = entry[0];
    *written = entry[1];
    return BH_OK;
}

bool virtqueue_split_advance(struct virtqueue *queue, uint16_t id) {
    uint64_t meant = queue->meant[id];
    for (uint16_t i = 0, at = id; i < queue->length[id]; i++, at = queue->chain[at]) {
        volatile struct virtq_descriptor *descriptor = &queue->descriptors[at];
        const struct virtq_descriptor one = {descriptor->address, descriptor->size, descriptor->flags, descriptor->next};
        meant ^= digest(&one);
        descriptor->size = 0;
    }
    if (meant)
        return false;
    queue->next_used++;
    return true;
}

bool virtqueue_split_arm(struct virtqueue *queue) {
    queue->available[2 + queue->size] = queue->next_used; // used_event; without EVENT_IDX nobody reads it
    atomic_thread_fence(memory_order_seq_cst);
    return queue->used[1] != queue->next_used;
}
