// SPDX-License-Identifier: MIT
//
// Where a frame goes. A client's source address must be its own, unless it is a trunk; what is behind uplinks and trunks is learned. A frame to
// an address that is known goes to one port, others go to every port that wants them, as often as the sender's share of such frames allows.
// From one uplink nothing goes to another: the switch takes no part in a spanning tree, and must not close a loop.
#include "switch.h"

#include <string.h>

#include "bulkhead/domain.h"

#define SOURCE 6u
#define BURST_DIVISOR 8u // of a second's share: what may come at once

static bool multicast(const uint8_t mac[6]) {
    return mac[0] & 1;
}

static bool broadcast(const uint8_t mac[6]) {
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return !memcmp(mac, all, 6);
}

// Addresses that no bridge forwards (IEEE 802.1Q, 8.6.3): spanning tree, flow control, and the like.
static bool reserved(const uint8_t mac[6]) {
    static const uint8_t prefix[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};
    return !memcmp(mac, prefix, 5) && mac[5] < 16;
}

static void once(bool *told, const struct port *port, const char *what) {
    if (!*told)
        bh_warn("port %s: %s; this is said once, the port's counters go on", port->name, what);
    *told = true;
}

static bool source_fine(struct port *from, const uint8_t *source) {
    if (!multicast(source)) {
        if (!from->uplink && !from->trunk) {
            if (!memcmp(source, from->mac, 6))
                return true;
        } else if (addresses_learn(&network.addresses, source, from->index, network.now_ns)) {
            return true;
        }
    }
    once(&from->told_spoof, from, "a frame with somebody else's source address was dropped");
    return false;
}

static bool wants(const struct port *to, const struct port *from, const uint8_t *destination) {
    const struct bh_net_filter *filter = &to->filter;
    if (to == from || (to->uplink && from->uplink))
        return false;
    if (to->uplink || to->trunk || filter->promiscuous || broadcast(destination))
        return true;
    if (multicast(destination) && filter->all_multicast)
        return true;
    for (uint32_t i = 0; i < filter->count; i++)
        if (!memcmp(filter->addresses + 6 * i, destination, 6))
            return true;
    return false;
}

// May this port send one more frame to several others now?
static bool flood_allowed(struct port *from) {
    uint64_t limit = network.flood_limit, most = limit / BURST_DIVISOR + 1;
    uint64_t gained = (network.now_ns - from->flood_ns) / 1000 * limit / 1000000;
    if (gained) {
        from->flood_tokens = (uint32_t)(from->flood_tokens + gained < most ? from->flood_tokens + gained : most);
        from->flood_ns = network.now_ns;
    }
    if (!from->flood_tokens) {
        once(&from->told_flood, from, "it sends more frames to everybody than its share, and those were dropped");
        return false;
    }
    from->flood_tokens--;
    return true;
}

static void flood(struct port *from, const struct frame *frame) {
    if (!flood_allowed(from)) {
        from->counters.tx_dropped++;
        return;
    }
    for (uint32_t i = 0; i < network.port_count; i++)
        if (wants(&network.ports[i], from, frame->header))
            deliver(&network.ports[i], frame);
}

void forward(struct port *from, const struct frame *frame) {
    const uint8_t *destination = frame->header;
    if (!source_fine(from, frame->header + SOURCE) || reserved(destination)) {
        from->counters.tx_dropped++;
        return;
    }
    from->counters.tx_frames++;
    from->counters.tx_bytes += frame->size;
    uint32_t to = multicast(destination) ? ADDRESSES_NOWHERE : addresses_find(&network.addresses, destination, network.now_ns);
    if (to == ADDRESSES_NOWHERE)
        flood(from, frame);
    else if (to != from->index && !(from->uplink && network.ports[to].uplink))
        deliver(&network.ports[to], frame);
}
