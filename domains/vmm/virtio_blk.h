// SPDX-License-Identifier: MIT
//
// The guest's disk: requests go from its virtqueue to the ring of a block domain. Data is not touched: the segments are
// offsets in the guest's memory, which is the ring's data buffer. Source: virtio 1.2, 5.2.
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include "block.h"
#include "bulkhead/ring.h"
#include "virtio_pci.h"

// A request under way; index: its slot in the ring. It is here exactly as long as it is in flight in the ring.
struct blk_request {
    uint64_t sequence; // its number in the ring, 0: none is under way
    uint32_t round;    // of the device when it came
    uint32_t written;  // bytes that the used ring reports on success
    gpa status;        // where the guest wants its status byte
    uint16_t head;
};

struct virtio_blk {
    struct virtio_pci virtio;
    struct machine *machine;
    struct bh_ring *ring;
    struct bh_block_info info;
    uint32_t round; // counts the guest's resets: nobody waits for requests of earlier rounds
    uint32_t in_flight;
    bool stalled;   // the ring was full; there may be more in the queue
    struct blk_request requests[BH_RING_ENTRIES_MAX];
};

// Add a disk with the facts `info`, served behind `ring`.
bool virtio_blk_create(struct virtio_blk *disk, struct machine *machine, struct bh_ring *ring, const struct bh_block_info *info);
// Take completions from the ring and tell the guest. Under the machine's lock. BH_EAGAIN when there were none left.
enum bh_error virtio_blk_complete(struct virtio_blk *disk);

// After a restart. Does `saved' wait for that request of the ring?
bool virtio_blk_wants(const struct virtio_blk *saved, uint32_t slot, uint64_t sequence);
// Take over the state of an earlier instance; the ring is attached. NULL, or what is wrong with it.
const char *virtio_blk_restore(struct virtio_blk *disk, const struct virtio_blk *saved);
// Show the guest what was done for it, tell it, and look for requests of which no notice was taken.
void virtio_blk_resume(struct virtio_blk *disk);

#endif
