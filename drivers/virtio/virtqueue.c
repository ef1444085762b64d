// SPDX-License-Identifier: MIT
//
// Virtqueues, driver side, with indirect descriptors and event suppression, in either layout (virtqueue.h). Source: virtio 1.2, 2.6 to 2.8.
//
// Invariant: which descriptors are free, how chains hang together and how much may be written to them is known from chain[], length[] and room[] alone,
// never from memory that the device can write.
#include "virtqueue.h"

#include <stdatomic.h>
#include <string.h>

#include "bulkhead/dma.h"
#include "bulkhead/domain.h"
#include "kernel.h"

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
    struct virtqueue_areas areas = queue->is_packed ? virtqueue_packed_areas(queue->size) : virtqueue_split_areas(queue->size);
    enum bh_error error = take_memory(queue, areas.size);
    if (error)
        return error;
    if (queue->is_packed)
        virtqueue_packed_start(queue, queue->memory);
    else
        virtqueue_split_start(queue, queue->memory);
    set_address(queue, COMMON_QUEUE_DESCRIPTORS, queue->memory_address);
    set_address(queue, COMMON_QUEUE_DRIVER, queue->memory_address + areas.driver);
    set_address(queue, COMMON_QUEUE_DEVICE, queue->memory_address + areas.device);
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
    *queue = (struct virtqueue){.device = device, .index = index, .is_packed = device->features & VIRTIO_F_RING_PACKED, .memory = queue->memory,
                                .memory_address = queue->memory_address, .memory_size = queue->memory_size};
    *word(queue, COMMON_QUEUE_SELECT) = index;
    uint16_t offered = *word(queue, COMMON_QUEUE_SIZE);
    queue->size = offered < size ? offered : size;
    if (!queue->size || queue->size > VIRTIO_QUEUE_MAX || (!queue->is_packed && (queue->size & (queue->size - 1)))) {
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

// How much the device may write into a chain.
static uint32_t room_of(const struct virtio_segment *segments, uint32_t count) {
    uint64_t room = 0;
    for (uint32_t i = 0; i < count; i++)
        room += segments[i].device_writes ? segments[i].size : 0;
    return room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
}

enum bh_error virtqueue_write(struct virtqueue *queue, const struct virtio_segment *segments, uint32_t count,
                              volatile struct virtq_descriptor *table, uint64_t table_address, uint32_t tag) {
    const struct virtqueue_offer offer = {segments, count, table, table_address};
    uint16_t need = table ? 1 : (uint16_t)count, id = queue->free_head;
    if (!count || count > queue->size)
        return BH_ERANGE;
    if (need > queue->free_count)
        return BH_EAGAIN;
    queue->free_count -= need;
    queue->length[id] = need;
    queue->tag[id] = tag;
    queue->room[id] = room_of(segments, count);
    queue->free_head = queue->is_packed ? virtqueue_packed_offer(queue, &offer, id) : virtqueue_split_offer(queue, &offer, id);
    return BH_OK;
}

void virtqueue_publish(struct virtqueue *queue) {
    if (queue->is_packed)
        virtqueue_packed_publish(queue);
    else
        virtqueue_split_publish(queue);
}

enum bh_error virtqueue_add(struct virtqueue *queue, const struct virtio_segment *segments, uint32_t count,
                            volatile struct virtq_descriptor *table, uint64_t table_address, uint32_t tag) {
    enum bh_error error = virtqueue_write(queue, segments, count, table, table_address, tag);
    if (!error)
        virtqueue_publish(queue);
    return error;
}

void virtqueue_kick(struct virtqueue *queue) {
    atomic_thread_fence(memory_order_seq_cst);
    if (queue->is_packed ? virtqueue_packed_wants_kick(queue) : virtqueue_split_wants_kick(queue))
        *queue->doorbell = queue->index;
}

// One queue at a time can be asked about: a thread that finds another one at it goes by what is known.
static void ask_for_doorbell(struct virtqueue *queue) {
    volatile uint16_t *before = queue->doorbell;
    if (atomic_exchange(&queue->device->selecting, true))
        return;
    *word(queue, COMMON_QUEUE_SELECT) = queue->index;
    if (find_doorbell(queue) == BH_OK && queue->doorbell != before)
        bh_error_log("the doorbell of queue %u was looked for in a wrong place", queue->index);
    atomic_store(&queue->device->selecting, false);
}

void virtqueue_remind(struct virtqueue *queue) {
    ask_for_doorbell(queue);
    atomic_thread_fence(memory_order_seq_cst);
    *queue->doorbell = queue->index;
}

// A packed chain has one id, a split one as many as descriptors.
static void release(struct virtqueue *queue, uint16_t id) {
    uint16_t last = id, ids = queue->is_packed ? 1 : queue->length[id];
    for (uint16_t i = 1; i < ids; i++)
        last = queue->chain[last];
    queue->chain[last] = queue->free_head;
    queue->free_head = id;
    queue->free_count += queue->length[id];
    queue->length[id] = 0;
}

enum bh_error virtqueue_take(struct virtqueue *queue, uint32_t *tag, uint32_t *written) {
    uint32_t id, size;
    enum bh_error error = queue->is_packed ? virtqueue_packed_peek(queue, &id, &size) : virtqueue_split_peek(queue, &id, &size);
    if (error)
        return error;
    if (id >= queue->size || !queue->length[id]) {
        bh_error_log("the device ends chain %u of queue %u, which is not in flight", id, queue->index);
        return BH_EPROTO;
    }
    if (size > queue->room[id]) {
        bh_error_log("the device says it wrote %u bytes into a chain of queue %u that has %u", size, queue->index, queue->room[id]);
        return BH_EPROTO;
    }
    if (queue->is_packed) {
        virtqueue_packed_advance(queue, (uint16_t)id);
    } else if (!virtqueue_split_advance(queue, (uint16_t)id)) {
        bh_error_log("chain %u of queue %u is not what was offered any more: the device may have done something else", id, queue->index);
        return BH_EPROTO;
    }
    *written = size;
    *tag = queue->tag[id];
    release(queue, (uint16_t)id);
    return BH_OK;
}

bool virtqueue_arm(struct virtqueue *queue) {
    return queue->is_packed ? virtqueue_packed_arm(queue) : virtqueue_split_arm(queue);
}
