// SPDX-License-Identifier: MIT
//
// Frames in: the client's empty buffers to the device, and full ones back. Source: virtio 1.2, 5.1.6.3, 5.1.6.4.
//
// Each buffer goes to the device as a chain of 12 bytes of this domain's memory and then the client's. In the first buffer of a frame these 12 bytes are the
// device's header; in the further ones, if frames may be spread over several (MRG_RXBUF), they are the next 12 bytes of the frame, and go to the client in
// the completion. So this domain sees neither more of a frame, nor does the header lie where the client could change it.
//
// Invariant: posted[slot].size is not 0 from when a buffer is taken from the ring until it is completed, also while it is a part of an unfinished frame.
#include "card.h"

#include <string.h>

#define BURST 64u

// ---- empty buffers

static enum bh_error check(const struct lane *lane, const struct bh_net_receive_request *request) {
    if (request->size < BH_NET_BUFFER_MIN)
        return BH_EINVAL;
    return request->offset > lane->data_size || request->size > lane->data_size - request->offset ? BH_ERANGE : BH_OK;
}

static struct receive_memory *memory_of(const struct pair *pair, uint32_t slot) {
    return (struct receive_memory *)pair->receive.memory + slot;
}

static enum bh_error offer(struct pair *pair, uint32_t slot) {
    struct lane *lane = &pair->receive;
    uint64_t address = lane->memory_address + slot * sizeof(struct receive_memory);
    const struct virtio_segment parts[] = {{address, sizeof(struct net_header), true},
                                           {lane->data_address + pair->posted[slot].offset, pair->posted[slot].size, true}};
    bool indirect = card.device.features & VIRTIO_F_INDIRECT_DESC;
    return virtqueue_add(&lane->queue, parts, 2, indirect ? memory_of(pair, slot)->table : NULL,
                         address + offsetof(struct receive_memory, table), slot);
}

static void give_back(struct pair *pair, uint32_t slot, enum bh_error status) {
    static const struct bh_net_receive_completion nothing;
    pair->posted[slot].size = 0;
    bh_ring_end(&pair->receive.ring, slot, status, &nothing);
}

bool receive_has_room(const struct pair *pair) {
    return pair->receive.queue.free_count >= (card.device.features & VIRTIO_F_INDIRECT_DESC ? 1 : 2);
}

bool receive_post(struct pair *pair) {
    struct bh_net_receive_request request;
    uint32_t slot, taken = 0, refused = 0;
    while (taken < BURST && receive_has_room(pair) && bh_ring_take(&pair->receive.ring, &slot, &request) == BH_OK) {
        enum bh_error error = check(&pair->receive, &request);
        if (!error) {
            pair->posted[slot] = (struct posted){request.offset, request.size};
            error = offer(pair, slot);
        }
        if (error)
            give_back(pair, slot, error);
        refused += error != BH_OK;
        taken++;
    }
    if (taken)
        virtqueue_kick(&pair->receive.queue);
    if (refused)
        pair_notify(pair, &pair->receive);
    return taken;
}

// ---- full ones

// The header in the words of the interface. False: the device says what it may not, or what does not fit the frame; such a frame is not delivered.
static bool translate(const struct net_header *header, uint32_t bytes, struct bh_net_frame *frame) {
    uint8_t kind = header->segmentation & (uint8_t)~HEADER_ECN;
    *frame = (struct bh_net_frame){0};
    if (bytes < ETHERNET_HEADER || bytes > BH_NET_FRAME_MAX)
        return false;
    if (card.accepted & BH_NET_OFFLOAD_RX_CHECKSUM) {
        if (header->flags & HEADER_NEEDS_CHECKSUM) {
            if ((uint32_t)header->checksum_start + header->checksum_offset + 2u > bytes)
                return false;
            frame->flags |= BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM;
            frame->checksum_start = header->checksum_start;
            frame->checksum_offset = header->checksum_offset;
        }
        if (header->flags & HEADER_CHECKSUM_GOOD)
            frame->flags |= BH_NET_FRAME_FLAGS_CHECKSUM_GOOD;
    }
    if (header->segmentation == HEADER_NONE)
        return true;
    bool four = kind == HEADER_TCP4;
    uint32_t needs = four ? BH_NET_OFFLOAD_RX_TCP4 : BH_NET_OFFLOAD_RX_TCP6;
    if (header->segmentation & HEADER_ECN) {
        needs |= BH_NET_OFFLOAD_RX_ECN;
        frame->flags |= BH_NET_FRAME_FLAGS_ECN;
    }
    if ((!four && kind != HEADER_TCP6) || (needs & ~card.accepted) || !header->segment_size)
        return false;
    frame->segmentation = four ? BH_NET_SEGMENTATION_TCP4 : BH_NET_SEGMENTATION_TCP6;
    frame->segment_size = header->segment_size;
    frame->header_size = header->header_size < bytes ? header->header_size : 0;
    return true;
}

// The first buffer of a frame: how many there will be.
static void begin_frame(struct pair *pair, const struct net_header *header) {
    pair->part_wanted = card.device.features & NET_F_MRG_RXBUF ? header->buffer_count : 1;
    if (!pair->part_wanted || pair->part_wanted > pair->receive.queue.size) {
        bh_error_log("the device says that a frame lies in %u buffers of a queue of %u", pair->part_wanted, pair->receive.queue.size);
        card_broken();
    }
}

static void drop_frame(struct pair *pair) {
    pair->receive.dropped++;
    for (uint32_t i = 0; i < pair->part_count; i++)
        if (offer(pair, pair->part_slots[i]))
            give_back(pair, pair->part_slots[i], BH_EIO);
    virtqueue_kick(&pair->receive.queue);
}

static void deliver_frame(struct pair *pair, uint32_t bytes) {
    pair->parts[0].buffers = pair->part_count;
    pair->receive.frames++;
    pair->receive.bytes += bytes;
    for (uint32_t i = 0; i < pair->part_count; i++)
        pair->posted[pair->part_slots[i]].size = 0;
    bh_ring_end_batch(&pair->receive.ring, pair->part_count, pair->part_slots, NULL, pair->parts);
}

static void end_frame(struct pair *pair) {
    uint32_t bytes = 0;
    struct net_header header;
    memcpy(&header, pair->parts[0].prefix, sizeof(header)); // begin_frame's copy of it
    memset(pair->parts[0].prefix, 0, sizeof(pair->parts[0].prefix));
    pair->parts[0].prefix_size = 0;
    for (uint32_t i = 0; i < pair->part_count; i++)
        bytes += pair->parts[i].size + pair->parts[i].prefix_size;
    if (translate(&header, bytes, &pair->parts[0].frame))
        deliver_frame(pair, bytes);
    else
        drop_frame(pair);
    pair->part_count = pair->part_wanted = 0;
}

// One buffer comes back with `written` bytes, which virtqueue_take() has compared with its size.
static void take_part(struct pair *pair, uint32_t slot, uint32_t written) {
    struct bh_net_receive_completion *part = &pair->parts[pair->part_count];
    const volatile uint8_t *head = memory_of(pair, slot)->header;
    uint32_t prefix = written < sizeof(struct net_header) ? written : (uint32_t)sizeof(struct net_header);
    *part = (struct bh_net_receive_completion){.size = written - prefix, .prefix_size = prefix};
    for (uint32_t i = 0; i < prefix; i++)
        part->prefix[i] = head[i];
    if (!pair->part_count) {
        struct net_header header;
        if (prefix < sizeof(header)) {
            bh_error_log("the device returns a buffer of %u bytes, which is no header", written);
            card_broken();
        }
        memcpy(&header, part->prefix, sizeof(header));
        begin_frame(pair, &header);
    }
    pair->part_slots[pair->part_count++] = slot;
    if (pair->part_count == pair->part_wanted)
        end_frame(pair);
}

bool receive_take(struct pair *pair) {
    uint32_t slot, written, done = 0;
    enum bh_error error = BH_OK;
    while (done < BURST && (error = virtqueue_take(&pair->receive.queue, &slot, &written)) == BH_OK) {
        take_part(pair, slot, written);
        done++;
    }
    if (error == BH_EPROTO)
        card_broken();
    if (done)
        pair_notify(pair, &pair->receive);
    return done;
}

// ---- a device that was reset

void receive_post_again(struct pair *pair) {
    pair->part_count = pair->part_wanted = 0;
    for (uint32_t slot = 0; slot < pair->receive.ring.info.entry_count; slot++)
        if (pair->posted[slot].size && offer(pair, slot))
            give_back(pair, slot, BH_EIO);
    virtqueue_kick(&pair->receive.queue);
}

void receive_withdraw(struct pair *pair) {
    struct bh_net_receive_request request;
    uint32_t slot;
    for (slot = 0; slot < pair->receive.ring.info.entry_count; slot++)
        if (pair->posted[slot].size)
            give_back(pair, slot, BH_ECANCELED);
    // One lap: a client that goes on submitting does not keep us here.
    for (uint32_t i = 0; i < pair->receive.ring.info.entry_count && bh_ring_take(&pair->receive.ring, &slot, &request) == BH_OK; i++)
        give_back(pair, slot, BH_ECANCELED);
    pair_notify(pair, &pair->receive);
}
