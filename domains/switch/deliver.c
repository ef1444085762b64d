// SPDX-License-Identifier: MIT
//
// Out by a port: as it is, when the port's owner takes such frames, else in plain ones. A port without empty buffers loses the frame, and nobody
// else waits for it.
#include "switch.h"

static bool takes(const struct port *to, const struct bh_net_frame *facts) {
    static const uint32_t in[] = {[BH_NET_SEGMENTATION_NONE] = 0, [BH_NET_SEGMENTATION_TCP4] = BH_NET_OFFLOAD_RX_TCP4,
                                  [BH_NET_SEGMENTATION_TCP6] = BH_NET_OFFLOAD_RX_TCP6};
    static const uint32_t out[] = {[BH_NET_SEGMENTATION_NONE] = 0, [BH_NET_SEGMENTATION_TCP4] = BH_NET_OFFLOAD_TX_TCP4,
                                   [BH_NET_SEGMENTATION_TCP6] = BH_NET_OFFLOAD_TX_TCP6};
    uint32_t needed = (to->uplink ? out : in)[facts->segmentation];
    if (facts->flags & BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM)
        needed |= to->uplink ? BH_NET_OFFLOAD_TX_CHECKSUM : BH_NET_OFFLOAD_RX_CHECKSUM;
    if (facts->flags & BH_NET_FRAME_FLAGS_ECN)
        needed |= to->uplink ? BH_NET_OFFLOAD_TX_ECN : BH_NET_OFFLOAD_RX_ECN;
    return !(needed & ~(to->uplink ? to->offloads : to->accepted));
}

static bool put(struct port *to, const struct bh_net_frame *facts, struct outgoing *outgoing) {
    uint32_t size = outgoing_size(outgoing);
    bool done = to->uplink ? uplink_deliver(to, facts, outgoing) : client_deliver(to, facts, outgoing);
    if (done) {
        to->counters.rx_frames++;
        to->counters.rx_bytes += size;
    } else {
        to->counters.rx_dropped++;
    }
    return done;
}

void deliver(struct port *to, const struct frame *frame) {
    struct outgoing outgoing;
    struct bh_net_frame facts = frame->facts;
    if (to->uplink || !(to->accepted & BH_NET_OFFLOAD_RX_CHECKSUM))
        facts.flags &= ~(uint32_t)BH_NET_FRAME_FLAGS_CHECKSUM_GOOD;
    if (takes(to, &facts)) {
        outgoing_whole(&outgoing, frame);
        (void)put(to, &facts, &outgoing);
        return;
    }
    // A piece that is lost ends it: TCP sends the rest again with it.
    facts = (struct bh_net_frame){.flags = facts.flags & BH_NET_FRAME_FLAGS_CHECKSUM_GOOD};
    outgoing_plain(&outgoing, frame);
    while (put(to, &facts, &outgoing) && outgoing_next(&outgoing))
        ;
}
