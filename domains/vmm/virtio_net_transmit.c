// SPDX-License-Identifier: MIT
//
// virtio-net, from the guest: each frame is copied from the guest's buffers into the pool, and goes on as one request of the transmit ring.
// With that the guest has its buffers back: what is under way is the pool's and the ring's, and outlives the Net domain. A frame that
// makes no sense is dropped; one that breaks the virtqueue's rules stops the device until the guest resets it.
#include "virtio_net.h"

#include "machine.h"

#define ETHERNET_HEADER 14u

// Reads a chain's readable part from the front.
struct reader {
    const struct guest_memory *memory;
    const struct virtqueue_chain *chain;
    uint32_t segment, done; // of that segment
};

static void take(struct reader *reader, void *to, uint32_t size) {
    uint8_t *at = to;
    while (size) {
        const struct virtqueue_segment *from = &reader->chain->segments[reader->segment];
        uint32_t piece = from->size - reader->done < size ? from->size - reader->done : size;
        memory_read(reader->memory, from->address + reader->done, at, piece);
        at += piece;
        size -= piece;
        reader->done += piece;
        if (reader->done == from->size) {
            reader->segment++;
            reader->done = 0;
        }
    }
}

static uint64_t size_of(const struct virtqueue_chain *chain) {
    uint64_t size = 0;
    for (uint32_t i = 0; i < chain->read_count; i++)
        size += chain->segments[i].size;
    return size;
}

// What stands in the header, checked against the features and the frame's size.
static bool check_header(const struct virtio_net *net, const struct virtio_net_header *header, uint32_t size, struct bh_net_frame *frame) {
    uint64_t features = net->virtio.driver_features;
    uint32_t kind = header->segmentation & ~VIRTIO_NET_ECN;
    *frame = (struct bh_net_frame){0};
    if (header->flags & VIRTIO_NET_NEEDS_CHECKSUM) {
        if (!(features & VIRTIO_NET_F_CSUM) || (uint32_t)header->checksum_start + header->checksum_offset + 2 > size)
            return false;
        frame->flags |= BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM;
        frame->checksum_start = header->checksum_start;
        frame->checksum_offset = header->checksum_offset;
    }
    if (!header->segmentation)
        return true;
    if (kind == VIRTIO_NET_TCP4 && (features & VIRTIO_NET_F_HOST_TSO4))
        frame->segmentation = BH_NET_SEGMENTATION_TCP4;
    else if (kind == VIRTIO_NET_TCP6 && (features & VIRTIO_NET_F_HOST_TSO6))
        frame->segmentation = BH_NET_SEGMENTATION_TCP6;
    else
        return false;
    if (header->segmentation & VIRTIO_NET_ECN) {
        if (!(features & VIRTIO_NET_F_HOST_ECN))
            return false;
        frame->flags |= BH_NET_FRAME_FLAGS_ECN;
    }
    frame->segment_size = header->segment_size;
    frame->header_size = header->header_size;
    return header->segment_size && (frame->flags & BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM);
}

// Copy `size` bytes into the pool and submit them. False: there is no room now.
static bool send(struct virtio_net *net, struct reader *reader, uint32_t size, const struct bh_net_frame *frame) {
    struct bh_net_transmit_request request;
    if (bh_net_reserve(net->client, size, &request))
        return false;
    for (uint32_t i = 0; i < request.segment_count; i++)
        take(reader, bh_net_memory(net->client, &request.segments[i]), request.segments[i].size);
    request.frame = *frame;
    bh_net_submit(net->client, &request);
    net->machine->net_ready = true;
    return true;
}

// One frame of the guest. False: it has to wait.
static bool handle(struct virtio_net *net, const struct virtqueue_chain *chain) {
    struct virtqueue *queue = &net->virtio.queues[VIRTIO_NET_TRANSMIT];
    struct reader reader = {.memory = &net->machine->memory, .chain = chain};
    struct virtio_net_header header;
    struct bh_net_frame frame;
    uint64_t size = size_of(chain);
    if (chain->write_count || size < sizeof(header)) {
        virtio_pci_break(&net->virtio, "a frame to send has no header, or room for an answer");
        queue->broken = true;
        return true;
    }
    take(&reader, &header, sizeof(header));
    size -= sizeof(header);
    if (size < ETHERNET_HEADER || size > BH_NET_FRAME_MAX || !check_header(net, &header, (uint32_t)size, &frame))
        net->dropped++;
    else if (!send(net, &reader, (uint32_t)size, &frame))
        return false;
    virtqueue_push(queue, chain->head, 0);
    return true;
}

void virtio_net_transmit(struct virtio_net *net) {
    struct virtqueue *queue = &net->virtio.queues[VIRTIO_NET_TRANSMIT];
    struct virtqueue_chain chain;
    const char *why;
    net->stalled = false;
    bh_net_collect(net->client);
    do {
        enum virtqueue_result result;
        for (;;) {
            virtio_pci_save_queue(&net->virtio, VIRTIO_NET_TRANSMIT);
            result = virtqueue_pop(queue, &chain, &why);
            if (result != VIRTQUEUE_CHAIN)
                break;
            if (handle(net, &chain)) {
                undo_commit(net->machine); // who dies in front of this sends the frame twice, which a network may do
                continue;
            }
            virtqueue_unpop(queue, 1);
            bh_net_collect(net->client);
            // Completions from now on raise an event, and virtio_net_transmitted() goes on here.
            net->stalled = !bh_ring_arm_completion(&net->client->transmit);
            if (net->stalled)
                break;
        }
        if (result == VIRTQUEUE_BROKEN)
            virtio_pci_break(&net->virtio, why);
    } while (!net->stalled && virtqueue_arm(queue));
    virtio_pci_interrupt(&net->virtio, VIRTIO_NET_TRANSMIT);
}

void virtio_net_transmitted(struct virtio_net *net) {
    if (net->stalled)
        virtio_net_transmit(net);
    else
        bh_net_collect(net->client); // a server that was restarted waits until its ring's client has seen that
}
