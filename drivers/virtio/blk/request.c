// SPDX-License-Identifier: MIT
//
// A request as the device reads it: a header, the pieces of the ring's buffer, and a byte for the status (virtio 1.2, 5.2.6). The header and the status lie in this
// domain's memory, a place for each slot of the ring.
#include "blk.h"

#include <stdatomic.h>

static struct blk_places places;

void request_open(const struct blk_places *all, uint32_t count) {
    places = *all;
    for (uint32_t slot = 0; slot < count; slot++)
        request_retire(slot);
}

void request_retire(uint32_t slot) {
    *(volatile uint32_t *)&places.memory[slot].type = BLK_NOTHING;
}

static uint64_t address_of(uint32_t slot, uint64_t offset) {
    return places.memory_address + slot * sizeof(struct blk_memory) + offset;
}

// The operation comes last: before, it is no request.
static enum bh_error write(struct virtqueue *queue, uint32_t slot, enum blk_operation type, const struct virtio_segment *parts, uint32_t count) {
    struct blk_memory *memory = &places.memory[slot];
    memory->status = BLK_NO_ANSWER;
    enum bh_error error = virtqueue_write(queue, parts, count, places.indirect ? memory->table : NULL, address_of(slot, offsetof(struct blk_memory, table)), slot);
    atomic_signal_fence(memory_order_release);
    *(volatile uint32_t *)&memory->type = type;
    return error;
}

enum bh_error request_write(struct virtqueue *queue, uint32_t slot, const struct bh_block_request *request) {
    static const enum blk_operation types[] = {[BH_BLOCK_OPERATION_READ] = BLK_IN, [BH_BLOCK_OPERATION_WRITE] = BLK_OUT,
                                     [BH_BLOCK_OPERATION_FLUSH] = BLK_FLUSH, [BH_BLOCK_OPERATION_IDENTIFY] = BLK_GET_ID};
    struct blk_memory *memory = &places.memory[slot];
    struct virtio_segment parts[BLK_PARTS_MAX];
    uint32_t count = 0;
    memory->reserved = 0;
    memory->sector = request->operation <= BH_BLOCK_OPERATION_WRITE ? request->lba : 0;
    parts[count++] = (struct virtio_segment){address_of(slot, 0), BLK_HEADER_SIZE, false};
    for (uint32_t i = 0; i < request->segment_count; i++)
        parts[count++] = (struct virtio_segment){places.data_address + request->segments[i].offset,
                                                 request->operation == BH_BLOCK_OPERATION_IDENTIFY ? BLK_SERIAL_SIZE : request->segments[i].size,
                                                 request->operation != BH_BLOCK_OPERATION_WRITE};
    parts[count++] = (struct virtio_segment){address_of(slot, offsetof(struct blk_memory, status)), 1, true};
    return write(queue, slot, types[request->operation], parts, count);
}

enum bh_error request_write_serial(struct virtqueue *queue) {
    const struct virtio_segment parts[] = {{address_of(0, 0), BLK_HEADER_SIZE, false},
                                           {address_of(0, offsetof(struct blk_memory, serial)), BLK_SERIAL_SIZE, true},
                                           {address_of(0, offsetof(struct blk_memory, status)), 1, true}};
    places.memory[0].sector = 0;
    return write(queue, 0, BLK_GET_ID, parts, 3);
}
