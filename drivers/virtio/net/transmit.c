// SPDX-License-Identifier: MIT
//
// Frames out: from the client's ring to the device's queue. The frame stays where the client has it; in front of it the device reads a header from this
// domain's own memory, made from the client's words after all of them have been checked. Source: virtio 1.2, 5.1.6.1, 5.1.6.2.
#include "card.h"

#define BURST 64u // frames before the other direction has its turn
#define PARTS_MAX (BH_NET_SEGMENTS_MAX + 1u)

static struct transmit_memory *memory_of(const struct pair *pair, uint32_t slot) {
    return (struct transmit_memory *)pair->transmit.memory + slot;
}

// ---- what the client says

static enum bh_error check_checksum(const struct bh_net_frame *frame, uint32_t bytes) {
    if (!(frame->flags & BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM))
        return BH_OK;
    if (!(card.info.offloads & BH_NET_OFFLOAD_TX_CHECKSUM))
        return BH_ENOTSUP;
    return (uint32_t)frame->checksum_start + frame->checksum_offset + 2u > bytes ? BH_ERANGE : BH_OK;
}

static enum bh_error check_segmentation(const struct bh_net_frame *frame, uint32_t bytes) {
    bool ecn = frame->flags & BH_NET_FRAME_FLAGS_ECN;
    uint32_t needs = frame->segmentation == BH_NET_SEGMENTATION_TCP4 ? BH_NET_OFFLOAD_TX_TCP4 : BH_NET_OFFLOAD_TX_TCP6;
    if (frame->segmentation == BH_NET_SEGMENTATION_NONE)
        return ecn ? BH_EINVAL : bytes > card.info.mtu + ETHERNET_HEADER + VLAN_TAG ? BH_ERANGE : BH_OK;
    if (frame->segmentation > BH_NET_SEGMENTATION_TCP6 || !(frame->flags & BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM) || !frame->segment_size)
        return BH_EINVAL;
    if (ecn)
        needs |= BH_NET_OFFLOAD_TX_ECN;
    if (needs & ~card.info.offloads)
        return BH_ENOTSUP;
    return bytes > BH_NET_FRAME_MAX || frame->header_size > bytes || frame->segment_size > card.info.mtu ? BH_ERANGE : BH_OK;
}

static enum bh_error check(const struct lane *lane, const struct bh_net_transmit_request *request, uint32_t *bytes) {
    uint64_t total = 0;
    const uint32_t known = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM | BH_NET_FRAME_FLAGS_ECN;
    if (request->segment_count > BH_NET_SEGMENTS_MAX)
        return BH_ERANGE;
    for (uint32_t i = 0; i < request->segment_count; i++) {
        const struct bh_net_segment *segment = &request->segments[i];
        if (!segment->size)
            return BH_EINVAL;
        if (segment->offset > lane->data_size || segment->size > lane->data_size - segment->offset)
            return BH_ERANGE;
        total += segment->size;
    }
    if (total < ETHERNET_HEADER || (request->frame.flags & ~known))
        return BH_EINVAL;
    if (total > BH_NET_FRAME_MAX)
        return BH_ERANGE;
    *bytes = (uint32_t)total;
    enum bh_error error = check_checksum(&request->frame, *bytes);
    return error ? error : check_segmentation(&request->frame, *bytes);
}

// ---- to the device

static struct net_header header_for(const struct bh_net_frame *frame) {
    static const uint8_t kinds[] = {HEADER_NONE, HEADER_TCP4, HEADER_TCP6};
    struct net_header header = {0};
    if (frame->flags & BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM) {
        header.flags = HEADER_NEEDS_CHECKSUM;
        header.checksum_start = frame->checksum_start;
        header.checksum_offset = frame->checksum_offset;
    }
    if (frame->segmentation != BH_NET_SEGMENTATION_NONE) {
        header.segmentation = kinds[frame->segmentation] | (frame->flags & BH_NET_FRAME_FLAGS_ECN ? HEADER_ECN : 0);
        header.header_size = frame->header_size;
        header.segment_size = frame->segment_size;
    }
    return header;
}

static enum bh_error start(struct pair *pair, uint32_t slot, const struct bh_net_transmit_request *request) {
    struct transmit_memory *memory = memory_of(pair, slot);
    struct lane *lane = &pair->transmit;
    struct virtio_segment parts[PARTS_MAX];
    uint64_t address = lane->memory_address + slot * sizeof(*memory);
    memory->header = header_for(&request->frame);
    parts[0] = (struct virtio_segment){address, sizeof(memory->header), false};
    for (uint32_t i = 0; i < request->segment_count; i++)
        parts[i + 1] = (struct virtio_segment){lane->data_address + request->segments[i].offset, request->segments[i].size, false};
    bool indirect = card.device.features & VIRTIO_F_INDIRECT_DESC;
    return virtqueue_add(&lane->queue, parts, request->segment_count + 1, indirect ? memory->table : NULL,
                         address + offsetof(struct transmit_memory, table), slot);
}

static void end(struct pair *pair, uint32_t slot, enum bh_error status) {
    struct bh_net_transmit_completion completion = {.sent = status ? 0 : pair->sending[slot]};
    pair->transmit.frames += !status;
    pair->transmit.bytes += completion.sent;
    pair->transmit.dropped += status != BH_OK;
    pair->sending[slot] = 0;
    bh_ring_end(&pair->transmit.ring, slot, status, &completion);
}

bool transmit_has_room(const struct pair *pair) {
    uint32_t most = pair->transmit.queue.size < PARTS_MAX ? pair->transmit.queue.size : PARTS_MAX;
    return pair->transmit.queue.free_count >= (card.device.features & VIRTIO_F_INDIRECT_DESC ? 1 : most);
}

bool transmit_take(struct pair *pair) {
    struct bh_net_transmit_request request;
    uint32_t slot, taken = 0, refused = 0;
    while (taken < BURST && transmit_has_room(pair) && bh_ring_take(&pair->transmit.ring, &slot, &request) == BH_OK) {
        uint32_t bytes = 0;
        enum bh_error error = check(&pair->transmit, &request, &bytes);
        pair->sending[slot] = bytes;
        if (!error)
            error = start(pair, slot, &request);
        if (error)
            end(pair, slot, error);
        refused += error != BH_OK;
        taken++;
    }
    if (taken)
        virtqueue_kick(&pair->transmit.queue);
    if (refused)
        pair_notify(pair, &pair->transmit);
    return taken;
}

bool transmit_end(struct pair *pair) {
    uint32_t slot, written, done = 0;
    enum bh_error error = BH_OK;
    while (done < BURST && (error = virtqueue_take(&pair->transmit.queue, &slot, &written)) == BH_OK) {
        end(pair, slot, BH_OK);
        done++;
    }
    if (error == BH_EPROTO)
        card_broken();
    if (done)
        pair_notify(pair, &pair->transmit);
    return done;
}

void transmit_forget(struct pair *pair) {
    for (uint32_t slot = 0; slot < pair->transmit.ring.info.entry_count; slot++)
        if (pair->sending[slot])
            end(pair, slot, BH_ECANCELED);
    pair_notify(pair, &pair->transmit);
}
