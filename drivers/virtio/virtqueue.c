// SPDX-License-Identifier: MIT
//
// Split virtqueues, driver side, with indirect descriptors and event suppression. Source: virtio 1.2, 2.7. One block of DMA memory:
//
//   descriptors (16 * size) | available ring (6 + 2 * size) | at the next multiple of 4: used ring (6 + 8 * size)
//
// Invariant: which descriptors are free and how chains hang together is known from chain[] and length[] alone, never from memory that
// the device can write.
#include "virtio.h"

#include <stdatomic.h>
#include <string.h>

#include "bulkhead/dma.h"
#include "bulkhead/domain.h"
#include "kernel.h"

enum flags : uint16_t { FLAG_NEXT = 1, FLAG_WRITE = 2, FLAG_INDIRECT = 4 };
enum { USED_NO_NOTIFY = 1, AVAILABLE_NO_INTERRUPT = 1 };

// Offsets in the common configuration structure (virtio 1.2, 4.1.4.3).
enum common { COMMON_QUEUE_SELECT = 22, COMMON_QUEUE_SIZE = 24, COMMON_QUEUE_VECTOR = 26, COMMON_QUEUE_ENABLE = 28,
              COMMON_QUEUE_NOTIFY = 30, COMMON_QUEUE_DESCRIPTORS = 32, COMMON_QUEUE_DRIVER = 40, COMMON_QUEUE_DEVICE = 48 };

static volatile uint16_t *word(struct virtqueue *queue, uint32_t offset) {
    return (volatile uint16_t *)(queue->device->common + offset);
}

static void set_address(struct virtqueue *queue, uint32_t offset, uint64_t value) {
    volatile uint32_t *register_pair = (volatile uint32_t *)(queue->device->common + offset);
    register_pair[0] = (uint32_t)value;
    register_pair[1] = (uint32_t)(value >> 32);
}

// A queue that is created again has its memory already, unless it was smaller then.
static enum bh_error take_memory(struct virtqueue *queue, uint32_t size) {
    if (queue->memory_size < size) {
        enum bh_error error = device_dma_alloc(queue->device->cap, size, &queue->memory, &queue->memory_address);
        if (error) {
            bh_error_log("no DMA memory for queue %u: %s", queue->index, bh_strerror(error));
            return error;
        }
        queue->memory_size = size;
    }
    memset((void *)queue->memory, 0, size);
    return BH_OK;
}

static enum bh_error lay_out(struct virtqueue *queue) {
    uint32_t available = 16u * queue->size, used = (available + 6 + 2 * queue->size + 3) & ~3u;
    enum bh_error error = take_memory(queue, used + 6 + 8 * queue->size);
    if (error)
        return error;
    uint64_t address = queue->memory, dma_address = queue->memory_address;
    queue->descriptors = (volatile struct virtq_descriptor *)address;
    queue->available = (volatile uint16_t *)(address + available);
    queue->used = (volatile uint16_t *)(address + used);
    set_address(queue, COMMON_QUEUE_DESCRIPTORS, dma_address);
    set_address(queue, COMMON_QUEUE_DRIVER, dma_address + available);
    set_address(queue, COMMON_QUEUE_DEVICE, dma_address + used);
    return BH_OK;
}

static enum bh_error find_doorbell(struct virtqueue *queue) {
    uint64_t offset = (uint64_t)*word(queue, COMMON_QUEUE_NOTIFY) * queue->device->notify_multiplier;
    if (offset + 2 > queue->device->notify_size) {
        bh_error_log("the device puts the doorbell of queue %u outside its notification area", queue->index);
        return BH_EPROTO;
    }
    queue->doorbell = (volatile uint16_t *)(queue->device->notify + offset);
    return BH_OK;
}

enum bh_error virtqueue_create(struct virtqueue *queue, struct virtio_device *device, uint16_t index, uint16_t size, uint32_t vector,
                               bh_cap event) {
    *queue = (struct virtqueue){.device = device, .index = index, .memory = queue->memory, .memory_address = queue->memory_address,
                                .memory_size = queue->memory_size};
    *word(queue, COMMON_QUEUE_SELECT) = index;
    uint16_t offered = *word(queue, COMMON_QUEUE_SIZE);
    queue->size = offered < size ? offered : size;
    if (!queue->size || queue->size > VIRTIO_QUEUE_MAX || (queue->size & (queue->size - 1))) {
        bh_error_log("the device offers a queue %u of %u entries, which cannot be used", index, offered);
        return BH_ENOTSUP;
    }
    *word(queue, COMMON_QUEUE_SIZE) = queue->size;
    enum bh_error error = lay_out(queue);
    if (!error)
        error = find_doorbell(queue);
    if (!error && vector != VIRTIO_NO_VECTOR)
        error = device_bind_vector(device->cap, vector, event);
    if (error)
        return error;
    *word(queue, COMMON_QUEUE_VECTOR) = (uint16_t)vector;
    if (*word(queue, COMMON_QUEUE_VECTOR) != vector) {
        bh_error_log("the device refuses interrupt vector %u for queue %u", vector, index);
        return BH_EIO;
    }
    for (uint16_t i = 0; i < queue->size; i++)
        queue->chain[i] = (uint16_t)(i + 1);
    queue->free_count = queue->size;
    *word(queue, COMMON_QUEUE_ENABLE) = 1;
    return BH_OK;
}

static void describe(volatile struct virtq_descriptor *descriptor, const struct virtio_segment *segment, bool last, uint16_t next) {
    descriptor->address = bh_dma_address(segment->address);
    descriptor->size = segment->size;
    descriptor->flags = (uint16_t)((segment->device_writes ? FLAG_WRITE : 0) | (last ? 0 : FLAG_NEXT));
    descriptor->next = last ? 0 : next;
}

static void fill_table(volatile struct virtq_descriptor *table, const struct virtio_segment *segments, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        describe(&table[i], &segments[i], i + 1 == count, (uint16_t)(i + 1));
}

// How much the device may write into a chain.
static uint32_t room_of(const struct virtio_segment *segments, uint32_t count) {
    uint64_t room = 0;
    for (uint32_t i = 0; i < count; i++)
        room += segments[i].device_writes ? segments[i].size : 0;
    return room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
}

static void publish(struct virtqueue *queue, uint16_t head, uint16_t length, uint32_t tag) {
    queue->length[head] = length;
    queue->tag[head] = tag;
    queue->available[2 + (queue->next_available & (queue->size - 1))] = head;
    atomic_thread_fence(memory_order_release);
    queue->available[1] = ++queue->next_available;
}

enum bh_error virtqueue_add(struct virtqueue *queue, const struct virtio_segment *segments, uint32_t count,
                            volatile struct virtq_descriptor *table, uint64_t table_address, uint32_t tag) {
    uint16_t need = table ? 1 : (uint16_t)count, head = queue->free_head, at = head;
    if (!count || count > queue->size)
        return BH_ERANGE;
    if (need > queue->free_count)
        return BH_EAGAIN;
    if (table) {
        fill_table(table, segments, count);
        queue->descriptors[head].address = bh_dma_address(table_address);
        queue->descriptors[head].size = count * (uint32_t)sizeof(*table);
        queue->descriptors[head].flags = FLAG_INDIRECT;
        queue->descriptors[head].next = 0;
        at = queue->chain[head];
    }
    for (uint32_t i = 0; !table && i < count; i++) {
        describe(&queue->descriptors[at], &segments[i], i + 1 == count, queue->chain[at]);
        at = queue->chain[at];
    }
    queue->free_head = at;
    queue->free_count -= need;
    queue->room[head] = room_of(segments, count);
    publish(queue, head, need, tag);
    return BH_OK;
}

void virtqueue_kick(struct virtqueue *queue) {
    uint16_t before = queue->notified, now = queue->next_available;
    bool wanted;
    atomic_thread_fence(memory_order_seq_cst);
    if (queue->device->features & VIRTIO_F_EVENT_IDX) {
        uint16_t wish = queue->used[2 + 4 * queue->size];
        wanted = (uint16_t)(now - wish - 1) < (uint16_t)(now - before);
    } else {
        wanted = now != before && !(queue->used[0] & USED_NO_NOTIFY);
    }
    queue->notified = now;
    if (wanted)
        *queue->doorbell = queue->index;
}

static void release_chain(struct virtqueue *queue, uint16_t head) {
    uint16_t last = head;
    for (uint16_t i = 1; i < queue->length[head]; i++)
        last = queue->chain[last];
    queue->chain[last] = queue->free_head;
    queue->free_head = head;
    queue->free_count += queue->length[head];
    queue->length[head] = 0;
}

enum bh_error virtqueue_take(struct virtqueue *queue, uint32_t *tag, uint32_t *written) {
    uint16_t ready = (uint16_t)(queue->used[1] - queue->next_used);
    if (!ready)
        return BH_EAGAIN;
    atomic_thread_fence(memory_order_acquire);
    volatile uint32_t *entry = (volatile uint32_t *)(queue->used + 2 + 4 * (queue->next_used & (queue->size - 1)));
    uint32_t head = entry[0];
    if (ready > queue->size || head >= queue->size || !queue->length[head]) {
        bh_error_log("the device ends descriptor %u of queue %u, which is not in flight (index ahead by %u)", head, queue->index, ready);
        return BH_EPROTO;
    }
    uint32_t size = entry[1];
    if (size > queue->room[head]) {
        bh_error_log("the device says it wrote %u bytes into a chain of queue %u that has %u", size, queue->index, queue->room[head]);
        return BH_EPROTO;
    }
    *written = size;
    *tag = queue->tag[head];
    release_chain(queue, (uint16_t)head);
    queue->next_used++;
    return BH_OK;
}

bool virtqueue_arm(struct virtqueue *queue) {
    queue->available[2 + queue->size] = queue->next_used; // used_event; without EVENT_IDX nobody reads it
    atomic_thread_fence(memory_order_seq_cst);
    return queue->used[1] != queue->next_used;
}
