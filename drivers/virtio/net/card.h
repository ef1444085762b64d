// SPDX-License-Identifier: MIT
//
// The parts of the virtio network driver: the card as a whole and its control queue (card.c, control.c), frames out (transmit.c), frames in (receive.c), and
// the calls and threads (main.c). Source: virtio 1.2, 5.1.
//
// A pair is a transmit and a receive ring, the two device queues behind them, and the thread that works for both.
// Locks: each pair's `lock` for that pair; `card.lock` for the control queue and the client's wishes. Who takes several takes card.lock first, then the pairs'
// in order. None is held while its holder sleeps, but for the short waits of control.c.
// Trust: neither side. What the client submits is checked before anything is built from it, on our copy; of what the device writes, the index and lengths
// of its queues are checked in virtqueue.c, and headers, which lie in this domain's memory, are copied once and checked in receive.c.
#ifndef VIRTIO_NET_CARD_H
#define VIRTIO_NET_CARD_H

#include <stdatomic.h>
#include "../virtio.h"
#include "bulkhead/domain.h"
#include "bulkhead/mutex.h"
#include "bulkhead/net_offloads.h"
#include "bulkhead/ring_set.h"
#include "net.h"

enum : uint64_t {
    NET_F_CSUM = 1ull << 0,
    NET_F_GUEST_CSUM = 1ull << 1,
    NET_F_MTU = 1ull << 3,
    NET_F_MAC = 1ull << 5,
    NET_F_GUEST_TSO4 = 1ull << 7,
    NET_F_GUEST_TSO6 = 1ull << 8,
    NET_F_GUEST_ECN = 1ull << 9,
    NET_F_HOST_TSO4 = 1ull << 11,
    NET_F_HOST_TSO6 = 1ull << 12,
    NET_F_HOST_ECN = 1ull << 13,
    NET_F_MRG_RXBUF = 1ull << 15,
    NET_F_STATUS = 1ull << 16,
    NET_F_CTRL_VQ = 1ull << 17,
    NET_F_CTRL_RX = 1ull << 18,
    NET_F_MQ = 1ull << 22,
};

enum { PAIRS_MAX = 8, NET_QUEUE_SIZE = 256, ETHERNET_HEADER = 14, VLAN_TAG = 4, MAC_SIZE = 6 };
enum header_flags : uint8_t { HEADER_NEEDS_CHECKSUM = 1, HEADER_CHECKSUM_GOOD = 2 };
enum header_segmentation : uint8_t { HEADER_NONE = 0, HEADER_TCP4 = 1, HEADER_TCP6 = 4, HEADER_ECN = 0x80 };

// In front of each frame (5.1.6); little endian, as this machine is.
struct net_header {
    uint8_t flags, segmentation;
    uint16_t header_size, segment_size, checksum_start, checksum_offset;
    uint16_t buffer_count; // received frames only
};
static_assert(sizeof(struct net_header) == BH_NET_PREFIX_MAX);

// What the device reads of one frame to send beside its data, and writes of one buffer beside its own. One for each slot of the ring, in DMA memory.
struct transmit_memory {
    struct net_header header;
    uint32_t pad;
    volatile struct virtq_descriptor table[BH_NET_SEGMENTS_MAX + 1];
    uint8_t rest[32];
};
struct receive_memory {
    volatile uint8_t header[sizeof(struct net_header)];
    uint32_t pad;
    volatile struct virtq_descriptor table[2];
    uint8_t rest[16];
};
static_assert(sizeof(struct transmit_memory) == 384 && sizeof(struct receive_memory) == 64);

// One direction of a pair.
struct lane {
    struct bh_ring ring;
    struct virtqueue queue;
    uint64_t data_address, data_size; // the ring's buffer, as the device sees it
    uint64_t memory, memory_address;  // struct transmit_memory or receive_memory by slot, here and as the device sees it
    uint64_t bytes, frames, dropped;
};

struct pair {
    uint32_t number;
    bool live;                // the device has queues for it
    bool told;                // about the first frame after a restart
    struct bh_mutex lock;
    struct bh_ring_set rings; // both, on one event, which is also that of the device's interrupts
    struct lane transmit, receive;
    uint32_t sending[BH_RING_ENTRIES_MAX]; // transmit slots: bytes, 0: none is in flight
    struct posted {                        // receive slots: the client's buffer, size 0: none is in flight
        uint64_t offset;
        uint32_t size;
    } posted[BH_RING_ENTRIES_MAX];
    // The frame that is coming in, in `part_count` buffers so far of `part_wanted`. Nothing of it is completed before it is whole.
    uint32_t part_count, part_wanted;
    uint32_t part_slots[VIRTIO_QUEUE_MAX];
    struct bh_net_receive_completion parts[VIRTIO_QUEUE_MAX];
};

extern struct card {
    struct virtio_device device;
    struct bh_mutex lock;
    _Atomic uint32_t stops; // who waits for all pairs to pause
    bh_cap link_event;
    struct bh_net_info info;
    uint32_t device_pairs;  // that the device has, which places its control queue
    uint32_t pair_count;    // in use
    struct pair pairs[PAIRS_MAX];
    struct virtqueue control;
    uint8_t *control_memory;
    uint64_t control_address;
    uint32_t accepted;      // RX_ offloads
    struct bh_net_filter filter;
} card;

// ---- card.c

// Find the device and read what it can do; card.info is known then, but for queue_pairs.
enum bh_error card_find(void);
// With `pair_count` pairs attached: agree on features, make queues, go.
enum bh_error card_start(void);
// Sleep until no pair's thread is at work, and keep it so. Context: card.lock held.
void card_pause(void);
void card_resume(void);
// Reset the device and begin anew with what the client accepts now; buffers that it had are posted again, frames it was to send count as dropped.
// Context: paused. Does not come back without a working device.
void card_begin_anew(void);
// What the link's state is now; true: it is another one.
bool card_read_link(void);

// ---- control.c: commands to the device, each with its answer awaited. Context: card.lock held.

enum bh_error control_create(void);
enum bh_error control_set_pairs(uint32_t count);
// As card.filter says.
enum bh_error control_set_filter(void);

// ---- transmit.c, receive.c. Context: the pair's lock held.

// Take frames from the ring while there is room; take back what was sent. True: something was done.
bool transmit_take(struct pair *pair);
bool transmit_end(struct pair *pair);
bool transmit_has_room(const struct pair *pair);
// The device has been reset: nothing is in flight.
void transmit_forget(struct pair *pair);

bool receive_post(struct pair *pair);
bool receive_take(struct pair *pair);
bool receive_has_room(const struct pair *pair);
// The device has been reset: give it all buffers again.
void receive_post_again(struct pair *pair);
// The same, but give them back to the client, also those that are still in the ring.
void receive_withdraw(struct pair *pair);

// Tell the client about completions; and the line in the log that says how a restart went.
void pair_notify(struct pair *pair, struct lane *lane);
// The device has broken the rules: this domain ends, the kernel resets the device, and the rings keep what is in flight.
[[noreturn]] void card_broken(void);

#endif
