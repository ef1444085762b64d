// SPDX-License-Identifier: MIT
//
// Split virtqueue, device side. The three areas are checked once, when the queue is enabled; from then on only indices
// below the queue's size are used in them. Called under the machine's lock.
#include "virtqueue.h"

#define DESCRIPTOR_NEXT 1u
#define DESCRIPTOR_WRITE 2u
#define DESCRIPTOR_INDIRECT 4u
#define AVAILABLE_NO_INTERRUPT 1u
#define SEGMENT_SIZE_MAX (1u << 30)

struct descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t flags;
    uint16_t next;
};

// Where descriptors are read from: the queue's own table or an indirect one.
struct table {
    gpa address;
    uint32_t count;
};

static uint16_t load16(const struct virtqueue *queue, gpa address) {
    const uint16_t *at = memory_at(queue->memory, address, 2);
    return at ? __atomic_load_n(at, __ATOMIC_ACQUIRE) : 0;
}

static void store16(const struct virtqueue *queue, gpa address, uint16_t value) {
    uint16_t *at = memory_at(queue->memory, address, 2);
    if (at)
        __atomic_store_n(at, value, __ATOMIC_RELEASE);
}

void virtqueue_reset(struct virtqueue *queue, const struct guest_memory *memory) {
    *queue = (struct virtqueue){.memory = memory, .size = VIRTQUEUE_SIZE_MAX, .vector = 0xffff};
}

bool virtqueue_is_sound(const struct virtqueue *queue) {
    uint64_t size = queue->size;
    if (!size || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)))
        return false;
    if (queue->descriptors % 16 || queue->driver % 2 || queue->device % 4)
        return false;
    return memory_at(queue->memory, queue->descriptors, 16 * size) && memory_at(queue->memory, queue->driver, 6 + 2 * size) &&
           memory_at(queue->memory, queue->device, 6 + 8 * size);
}

bool virtqueue_enable(struct virtqueue *queue) {
    if (!virtqueue_is_sound(queue))
        return false;
    queue->next_available = queue->next_used = queue->signalled_used = 0;
    queue->broken = false;
    queue->enabled = true;
    return true;
}

static const char *add_segment(struct virtqueue *queue, struct virtqueue_chain *chain, const struct descriptor *descriptor) {
    uint32_t count = chain->read_count + chain->write_count;
    bool writes = descriptor->flags & DESCRIPTOR_WRITE;
    if (count == VIRTQUEUE_SEGMENTS_MAX)
        return "a chain has too many descriptors";
    if (!descriptor->size || descriptor->size > SEGMENT_SIZE_MAX)
        return "a descriptor's length is zero or enormous";
    if (!memory_at(queue->memory, descriptor->address, descriptor->size))
        return "a descriptor points outside the guest's memory";
    if (!writes && chain->write_count)
        return "a readable descriptor follows a writable one";
    chain->segments[count] = (struct virtqueue_segment){descriptor->address, descriptor->size};
    if (writes)
        chain->write_count++;
    else
        chain->read_count++;
    return NULL;
}

static const char *enter_indirect(const struct virtqueue *queue, const struct descriptor *descriptor, struct table *table) {
    if (!queue->indirect)
        return "an indirect descriptor was not negotiated";
    if (table->address != queue->descriptors)
        return "an indirect table holds an indirect descriptor";
    if (descriptor->flags & DESCRIPTOR_NEXT)
        return "an indirect descriptor has a successor";
    if (!descriptor->size || descriptor->size % sizeof(*descriptor))
        return "an indirect table's length is not a multiple of 16";
    if (descriptor->size / sizeof(*descriptor) > queue->size)
        return "an indirect table is longer than the queue";
    if (!memory_at(queue->memory, descriptor->address, descriptor->size))
        return "an indirect table lies outside the guest's memory";
    *table = (struct table){descriptor->address, descriptor->size / sizeof(*descriptor)};
    return NULL;
}

// Follow the chain from `index`. NULL, or what is wrong with it.
static const char *walk(struct virtqueue *queue, struct virtqueue_chain *chain, uint16_t index) {
    struct table table = {queue->descriptors, queue->size};
    uint32_t seen = 0;
    for (;;) {
        struct descriptor descriptor;
        if (index >= table.count)
            return "a descriptor index is past the table's end";
        if (seen++ > queue->size)
            return "a descriptor chain is longer than the queue, or a loop";
        if (!memory_read(queue->memory, table.address + 16ull * index, &descriptor, sizeof(descriptor)))
            return "a descriptor table lies outside the guest's memory";
        if (descriptor.flags & DESCRIPTOR_INDIRECT) {
            const char *why = enter_indirect(queue, &descriptor, &table);
            if (why)
                return why;
            index = 0;
            continue;
        }
        const char *why = add_segment(queue, chain, &descriptor);
        if (why || !(descriptor.flags & DESCRIPTOR_NEXT))
            return why;
        index = descriptor.next;
    }
}

static enum virtqueue_result broken(struct virtqueue *queue, const char *sentence, const char **why) {
    queue->broken = true;
    *why = sentence;
    return VIRTQUEUE_BROKEN;
}

enum virtqueue_result virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain, const char **why) {
    if (!queue->enabled || queue->broken)
        return VIRTQUEUE_EMPTY;
    uint16_t waiting = load16(queue, queue->driver + 2) - queue->next_available;
    if (!waiting)
        return VIRTQUEUE_EMPTY;
    if (waiting > queue->size)
        return broken(queue, "the available index is ahead by more than the queue's size", why);
    uint16_t head = load16(queue, queue->driver + 4 + 2 * (queue->next_available % queue->size));
    if (head >= queue->size)
        return broken(queue, "the available ring names a descriptor past the table's end", why);
    chain->head = head;
    chain->read_count = chain->write_count = 0;
    const char *sentence = walk(queue, chain, head);
    if (sentence)
        return broken(queue, sentence, why);
    queue->next_available++;
    return VIRTQUEUE_CHAIN;
}

void virtqueue_unpop(struct virtqueue *queue, uint32_t count) {
    queue->next_available -= (uint16_t)count;
}

bool virtqueue_arm(struct virtqueue *queue) {
    if (!queue->enabled || queue->broken)
        return false;
    if (queue->event_index)
        store16(queue, queue->device + 4 + 8 * queue->size, queue->next_available);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return load16(queue, queue->driver + 2) != queue->next_available;
}

void virtqueue_fill(struct virtqueue *queue, uint32_t element, uint16_t head, uint32_t written) {
    struct {
        uint32_t id, size;
    } used = {head, written};
    if (queue->enabled && !queue->broken)
        memory_write(queue->memory, queue->device + 4 + 8 * ((queue->next_used + element) % queue->size), &used, sizeof(used));
}

void virtqueue_count(struct virtqueue *queue, uint32_t count) {
    if (queue->enabled && !queue->broken)
        queue->next_used += (uint16_t)count;
}

void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t written) {
    virtqueue_fill(queue, 0, head, written);
    virtqueue_count(queue, 1);
}

void virtqueue_show(struct virtqueue *queue) {
    if (queue->enabled && !queue->broken)
        store16(queue, queue->device + 2, queue->next_used);
}

bool virtqueue_wants_interrupt(struct virtqueue *queue) {
    if (!queue->enabled || queue->broken || queue->next_used == queue->signalled_used)
        return false;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint16_t old = queue->signalled_used;
    queue->signalled_used = queue->next_used;
    if (!queue->event_index)
        return !(load16(queue, queue->driver) & AVAILABLE_NO_INTERRUPT);
    uint16_t event = load16(queue, queue->driver + 4 + 2 * queue->size);
    return (uint16_t)(queue->next_used - event - 1) < (uint16_t)(queue->next_used - old);
}
