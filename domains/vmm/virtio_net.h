// SPDX-License-Identifier: MIT
//
// The guest's network card: frames go between its virtqueues and the rings of a Net domain, through a pool that both can see. The Net domain
// never sees the guest's memory. Source: virtio 1.2, 5.1.
//
// Context: under the machine's lock, but for virtio_net_create().
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include "bulkhead/net_client.h"
#include "virtio_pci.h"

#define VIRTIO_NET_RECEIVE 0
#define VIRTIO_NET_TRANSMIT 1
#define VIRTIO_NET_CONTROL 2

struct virtio_net {
    struct virtio_pci virtio;
    struct machine *machine;
    struct bh_net_client *client;
    struct bh_net_info info;
    struct bh_net_filter filter;
    bool more_unicast, more_multicast; // addresses than the filter has room for
    bool wishes; // the Net domain is to be asked for other offloads or another filter than before

    bool stalled; // the guest's next frame found no cells or a full ring
    bool blocked; // the next frame for it found no buffer of the guest
    uint64_t dropped; // frames, both ways: they made no sense, or there was no guest for them
};

// Add a card with the facts `info`, whose frames go by `client`. False when the bus is full.
bool virtio_net_create(struct virtio_net *net, struct machine *machine, struct bh_net_client *client, const struct bh_net_info *info);
// Take frames from the receive ring, as far as the guest has room; then the ring's completion event is armed. True: there may be more at once.
bool virtio_net_receive(struct virtio_net *net);
// Take completions of transmissions and go on with what waited for them.
void virtio_net_transmitted(struct virtio_net *net);
// Take over the state of an earlier instance (device.h, restore).
const char *virtio_net_restore(struct virtio_net *net, const struct virtio_net *saved);
// Then: show the guest what was done, and go on with what waits.
void virtio_net_resume(struct virtio_net *net);
// What the guest can deal with: flags NetOffload.
uint32_t virtio_net_offloads(const struct virtio_net *net);
// Which frames the guest wants.
struct bh_net_filter virtio_net_filter(const struct virtio_net *net);
void virtio_net_set_link(struct virtio_net *net, bool up);

// The header in front of each frame (5.1.6), with num_buffers.
struct virtio_net_header {
    uint8_t flags, segmentation;
    uint16_t header_size, segment_size, checksum_start, checksum_offset, buffer_count;
};
static_assert(sizeof(struct virtio_net_header) == 12);

#define VIRTIO_NET_NEEDS_CHECKSUM 1u // flags
#define VIRTIO_NET_CHECKSUM_GOOD 2u
#define VIRTIO_NET_TCP4 1u // segmentation
#define VIRTIO_NET_TCP6 4u
#define VIRTIO_NET_ECN 0x80u

#define VIRTIO_NET_F_CSUM (1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM (1ull << 1)
#define VIRTIO_NET_F_MTU (1ull << 3)
#define VIRTIO_NET_F_MAC (1ull << 5)
#define VIRTIO_NET_F_GUEST_TSO4 (1ull << 7)
#define VIRTIO_NET_F_GUEST_TSO6 (1ull << 8)
#define VIRTIO_NET_F_GUEST_ECN (1ull << 9)
#define VIRTIO_NET_F_HOST_TSO4 (1ull << 11)
#define VIRTIO_NET_F_HOST_TSO6 (1ull << 12)
#define VIRTIO_NET_F_HOST_ECN (1ull << 13)
#define VIRTIO_NET_F_MRG_RXBUF (1ull << 15)
#define VIRTIO_NET_F_STATUS (1ull << 16)
#define VIRTIO_NET_F_CTRL_VQ (1ull << 17)
#define VIRTIO_NET_F_CTRL_RX (1ull << 18)

// virtio_net_transmit.c, virtio_net_receive.c, virtio_net_control.c: parts of the device.
void virtio_net_transmit(struct virtio_net *net);
void virtio_net_control(struct virtio_net *net);

#endif
