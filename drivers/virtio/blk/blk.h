// SPDX-License-Identifier: MIT
//
// The parts of the virtio block driver: the driver as a whole (main.c), a request as a chain of descriptors (request.c), and what compares that chain with the
// ring before the device sees it (check.c). Source: virtio 1.2, 5.2.
#ifndef VIRTIO_BLK_BLK_H
#define VIRTIO_BLK_BLK_H

#include "../virtio.h"
#include "bulkhead/block_server.h"

#define BLK_SERIAL_SIZE 20u
#define BLK_PARTS_MAX (BH_BLOCK_SEGMENTS_MAX + 2) // header and status around the data

// BLK_NOTHING: no operation that a device knows. It stands in each request that is not offered, so that a device which looks at one all the same, since a bit flipped in an
// index or an entry of its queue, moves no data.
enum blk_operation : uint32_t { BLK_IN = 0, BLK_OUT = 1, BLK_FLUSH = 4, BLK_GET_ID = 8, BLK_NOTHING = 0xffffffff };
enum blk_status : uint8_t { BLK_OK = 0, BLK_IO_ERROR = 1, BLK_UNSUPPORTED = 2, BLK_NO_ANSWER = 0xff };

// What the device reads and writes for one request, beside the data. One for each slot of the ring.
struct blk_memory {
    uint32_t type, reserved;
    uint64_t sector;
    volatile uint8_t status;
    uint8_t pad[47];
    volatile struct virtq_descriptor table[BLK_PARTS_MAX];
    uint8_t serial[32];
};
static_assert(sizeof(struct blk_memory) == 576);
#define BLK_HEADER_SIZE 16u
static_assert(offsetof(struct blk_memory, status) == BLK_HEADER_SIZE);

// Where things are. request.c and check.c have one each, filled in once, so that what breaks the one shows in the other.
struct blk_places {
    struct blk_memory *memory; // by slot
    uint64_t memory_address;   // as the device sees it
    uint64_t data_address;     // of the ring's buffer, as the device sees it
    bool indirect;             // chains lie in blk_memory.table
};

// ---- request.c

// With `count` places for requests.
void request_open(const struct blk_places *places, uint32_t count);
// Write down what the device is to do for a checked request. It sees that when the queue is published.
enum bh_error request_write(struct virtqueue *queue, uint32_t slot, const struct bh_block_request *request);
// The same for its serial number, by the memory of slot 0.
enum bh_error request_write_serial(struct virtqueue *queue);
// The device has done it, and its status was read.
void request_retire(uint32_t slot);

// ---- check.c

void check_open(const struct blk_places *places);
// Read back what was written for `slot` and compare it with the ring's own entry: each address, length and direction, the operation and the sector. False:
// *difference says what is another.
bool check_written(const struct virtqueue *queue, uint32_t slot, const volatile struct bh_block_request *entry, struct bh_block_difference *difference);
// Whether the device still finds there what check_written() saw: asked when it has ended the request, which was another one otherwise, at least for a while.
bool check_kept(uint32_t slot);

#endif
