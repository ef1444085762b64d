// SPDX-License-Identifier: MIT
//
// A request as the device reads it: a header, the pieces of the ring's buffer, and a byte for the status (virtio 1.2, 5.2.6). The header and the status lie in this
// domain's memory, a place for each slot of the ring.
#include "blk.h"

static struct blk_places places;

void request_open(const struct blk_places *all) {
    places = *all;
}

static uint64_t address_of(uint32_t slot, uint64_t offset) {
    return places.memory_address + slot * sizeof(struct blk_memory) + offset;
}

static enum bh_error write(struct virtqueue *queue, uint32_t slot, const struct virtio_segment *parts, uint32_t count) {
    struct blk_memory *memory = &places.memory[slot];
    memory->status = BLK_NO_ANSWER;
    return virtqueue_write(queue, parts, count, places.indirect ? memory->table : NULL, address_of(slot, offsetof(struct blk_memory, table)), slot);
}

enum bh_error request_write(struct virtqueue *queue, uint32_t slot, const struct bh_block_request *request) {
    static const uint32_t types[] = {[BH_BLOCK_OPERATION_READ] = BLK_IN, [BH_BLOCK_OPERATION_WRITE] = BLK_OUT,
                                     [BH_BLOCK_OPERATION_FLUSH] = BLK_FLUSH, [BH_BLOCK_OPERATION_IDENTIFY] = BLK_GET_ID};
    struct blk_memory *memory = &places.memory[slot];
    struct virtio_segment parts[BLK_PARTS_MAX];
    uint32_t count = 0;
    memory->type = types[request->operation];
    memory->reserved = 0;
    memory->sector = request->operation <= BH_BLOCK_OPERATION_WRITE ? request->lba : 0;
    parts[count++] = (struct virtio_segment){address_of(slot, 0), BLK_HEADER_SIZE, false};
    for (uint32_t i = 0; i < request->segment_count; i++)
        parts[count++] = (struct virtio_segment){places.data_address + request->segments[i].offset,
                                                 request->operation == BH_BLOCK_OPERATION_IDENTIFY ? BLK_SERIAL_SIZE : request->segments[i].size,
                                                 request->operation != BH_BLOCK_OPERATION_WRITE};
    parts[count++] = (struct virtio_segment){address_of(slot, offsetof(struct blk_memory, status)), 1, true};
    return write(queue, slot, parts, count);
}

enum bh_error request_write_serial(struct virtqueue *queue) {
    const struct virtio_segment parts[] = {{address_of(0, 0), BLK_HEADER_SIZE, false},
                                           {address_of(0, offsetof(struct blk_memory, serial)), BLK_SERIAL_SIZE, true},
                                           {address_of(0, offsetof(struct blk_memory, status)), 1, true}};
    places.memory[0].type = BLK_GET_ID;
    places.memory[0].sector = 0;
    return write(queue, 0, parts, 3);
}
