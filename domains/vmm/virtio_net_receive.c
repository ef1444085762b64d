// SPDX-License-Identifier: MIT
//
// virtio-net, to the guest: each frame is copied out of the pool into as many of the guest's buffers as it takes (one, without
// VIRTIO_NET_F_MRG_RXBUF), which the guest is shown at one moment.
// A frame for which the guest has no buffers yet waits, and all behind it: then the Net domain finds no empty cells, and drops what comes.
//
// Trust: the Net domain may say anything about a frame. What the guest is told of it is checked against the guest's features and
// the frame's size.
#include "virtio_net.h"

#include "machine.h"

#define FRAMES_AT_ONCE 64 // under one hold of the machine's lock
#define ETHERNET_HEADER 14u

// What the guest is told of the frame. False when it has not agreed to such frames, or it makes no sense.
static bool make_header(const struct virtio_net *net, struct virtio_net_header *header) {
    const struct bh_net_incoming *incoming = &net->client->incoming;
    const struct bh_net_frame *frame = &incoming->frame;
    uint64_t features = net->virtio.driver_features;
    *header = (struct virtio_net_header){0};
    if (frame->flags & BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM) {
        if (!(features & VIRTIO_NET_F_GUEST_CSUM) || (uint32_t)frame->checksum_start + frame->checksum_offset + 2 > incoming->size)
            return false;
        header->flags = VIRTIO_NET_NEEDS_CHECKSUM;
        header->checksum_start = frame->checksum_start;
        header->checksum_offset = frame->checksum_offset;
    } else if ((frame->flags & BH_NET_FRAME_FLAGS_CHECKSUM_GOOD) && (features & VIRTIO_NET_F_GUEST_CSUM)) {
        header->flags = VIRTIO_NET_CHECKSUM_GOOD;
    }
    if (frame->segmentation == BH_NET_SEGMENTATION_NONE)
        return true;
    if (frame->segmentation == BH_NET_SEGMENTATION_TCP4 && (features & VIRTIO_NET_F_GUEST_TSO4))
        header->segmentation = VIRTIO_NET_TCP4;
    else if (frame->segmentation == BH_NET_SEGMENTATION_TCP6 && (features & VIRTIO_NET_F_GUEST_TSO6))
        header->segmentation = VIRTIO_NET_TCP6;
    else
        return false;
    if (frame->flags & BH_NET_FRAME_FLAGS_ECN) {
        if (!(features & VIRTIO_NET_F_GUEST_ECN))
            return false;
        header->segmentation |= VIRTIO_NET_ECN;
    }
    header->segment_size = frame->segment_size;
    header->header_size = frame->header_size < incoming->size ? frame->header_size : (uint16_t)ETHERNET_HEADER;
    return frame->segment_size != 0;
}

// Writes a frame into chains that the guest offers, one after the other.
struct writer {
    struct virtio_net *net;
    struct virtqueue *queue;
    struct virtqueue_chain chain;
    uint32_t chains, segment, done; // of that segment
    uint32_t written;               // into this chain
    uint32_t most;                  // chains that one frame may take
};

enum outcome { WRITTEN, NO_ROOM, AGAIN, NO_FRAME };

static enum outcome next_chain(struct writer *writer) {
    const char *why;
    if (writer->chains) {
        virtqueue_fill(writer->queue, writer->chains - 1, writer->chain.head, writer->written);
        if (writer->chains == writer->most)
            return NO_FRAME; // it would not fit into all that the guest may offer
    }
    switch (virtqueue_pop(writer->queue, &writer->chain, &why)) {
    case VIRTQUEUE_CHAIN:
        break;
    case VIRTQUEUE_BROKEN:
        virtio_pci_break(&writer->net->virtio, why);
        return NO_FRAME;
    default:
        return NO_ROOM;
    }
    writer->chains++;
    writer->segment = writer->done = writer->written = 0;
    if (writer->chain.read_count || !writer->chain.write_count) {
        virtio_pci_break(&writer->net->virtio, "a buffer for reception has a readable part");
        writer->queue->broken = true;
        return NO_FRAME;
    }
    return WRITTEN;
}

static enum outcome put(struct writer *writer, const void *from, uint32_t size) {
    const uint8_t *at = from;
    while (size) {
        if (!writer->chains || writer->segment == writer->chain.write_count) {
            enum outcome outcome = next_chain(writer);
            if (outcome != WRITTEN)
                return outcome;
        }
        const struct virtqueue_segment *to = &writer->chain.segments[writer->segment];
        uint32_t piece = to->size - writer->done < size ? to->size - writer->done : size;
        memory_write(&writer->net->machine->memory, to->address + writer->done, at, piece);
        at += piece;
        size -= piece;
        writer->written += piece;
        writer->done += piece;
        if (writer->done == to->size) {
            writer->segment++;
            writer->done = 0;
        }
    }
    return WRITTEN;
}

static enum outcome put_frame(struct writer *writer, struct virtio_net_header *header, gpa *count_at) {
    const struct bh_net_client *client = writer->net->client;
    enum outcome outcome = put(writer, header, sizeof(*header));
    if (outcome == WRITTEN && (writer->chains != 1 || writer->chain.segments[0].size < sizeof(*header))) {
        virtio_pci_break(&writer->net->virtio, "a buffer for reception has no room for the header");
        writer->queue->broken = true;
        return NO_FRAME;
    }
    *count_at = writer->chain.segments[0].address + offsetof(struct virtio_net_header, buffer_count);
    for (uint32_t i = 0; i < client->incoming.count && outcome == WRITTEN; i++) {
        const struct bh_net_piece *piece = &client->incoming.pieces[i];
        outcome = put(writer, piece->prefix, piece->prefix_size);
        if (outcome == WRITTEN)
            outcome = put(writer, bh_net_piece(client, piece), piece->size);
    }
    return outcome;
}

// The whole frame into the guest's buffers. NO_ROOM: none of them has been used.
static enum outcome deliver(struct virtio_net *net) {
    struct virtqueue *queue = &net->virtio.queues[VIRTIO_NET_RECEIVE];
    bool merge = net->virtio.driver_features & VIRTIO_NET_F_MRG_RXBUF;
    struct writer writer = {.net = net, .queue = queue, .most = merge ? queue->size : 1};
    struct virtio_net_header header;
    gpa count_at;
    if (!virtio_pci_ready(&net->virtio) || !queue->enabled || queue->broken || net->client->incoming.size < ETHERNET_HEADER || !make_header(net, &header))
        return NO_FRAME;
    virtio_pci_save_queue(&net->virtio, VIRTIO_NET_RECEIVE);
    enum outcome outcome = put_frame(&writer, &header, &count_at);
    if (outcome != WRITTEN) {
        if (outcome == NO_ROOM && virtqueue_arm(queue))
            outcome = AGAIN; // buffers came meanwhile
        virtqueue_unpop(queue, writer.chains);
        return outcome;
    }
    header.buffer_count = (uint16_t)writer.chains;
    memory_write(&net->machine->memory, count_at, &header.buffer_count, sizeof(header.buffer_count));
    virtqueue_fill(queue, writer.chains - 1, writer.chain.head, writer.written);
    virtqueue_count(queue, writer.chains);
    return WRITTEN;
}

bool virtio_net_receive(struct virtio_net *net) {
    uint32_t count = 0;
    net->blocked = false;
    while (count < FRAMES_AT_ONCE && bh_net_receive(net->client)) {
        enum outcome outcome = deliver(net);
        if (outcome == AGAIN)
            continue;
        if (outcome == NO_ROOM) {
            net->blocked = true; // the guest's next notification goes on here
            break;
        }
        net->dropped += outcome == NO_FRAME;
        undo_commit(net->machine);
        bh_net_release(net->client);
        net->machine->net_ready = true;
        count++;
    }
    virtio_pci_interrupt(&net->virtio, VIRTIO_NET_RECEIVE);
    return !net->blocked && (count == FRAMES_AT_ONCE || bh_ring_arm_completion(&net->client->receive));
}
