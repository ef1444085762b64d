// SPDX-License-Identifier: MIT
//
// The guest's disk: requests go from its virtqueue to the ring of a block domain. Data is not touched: the segments are
// offsets in the guest's memory, which is the ring's data buffer. Source: virtio 1.2, 5.2.
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include "block.h"
#include "bulkhead/ring.h"
#include "virtio_pci.h"

// A request under way; index: its slot in the ring.
struct blk_request {
    bool busy;
    bool orphan; // the guest reset the device meanwhile: nobody waits for it
    uint16_t head;
    uint32_t written; // bytes that the used ring reports on success
    gpa status;       // where the guest wants its status byte
};

struct virtio_blk {
    struct virtio_pci virtio;
    struct machine *machine;
    struct bh_ring *ring;
    struct bh_block_info info;
    uint32_t in_flight;
    bool stalled; // `waiting` found the ring full
    struct blk_request waiting;
    struct bh_block_request waiting_request;
    struct blk_request requests[BH_RING_ENTRIES_MAX];
};

// Add a disk with the facts `info`, served behind `ring`.
bool virtio_blk_create(struct virtio_blk *disk, struct machine *machine, struct bh_ring *ring, const struct bh_block_info *info);
// Take completions from the ring and tell the guest. Under the machine's lock. BH_EAGAIN when there were none left.
enum bh_error virtio_blk_complete(struct virtio_blk *disk);

#endif
