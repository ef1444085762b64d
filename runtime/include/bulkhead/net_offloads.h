// SPDX-License-Identifier: MIT
//
// Offloads of a network card (idl/net.bidl) by direction, for both sides of Net.
#ifndef BULKHEAD_NET_OFFLOADS_H
#define BULKHEAD_NET_OFFLOADS_H

#include <stdint.h>
#include "net.h"

// What a card may do with frames to be sent, and with those that come, at most.
#define BH_NET_OFFLOADS_TX (BH_NET_OFFLOAD_TX_CHECKSUM | BH_NET_OFFLOAD_TX_TCP4 | BH_NET_OFFLOAD_TX_TCP6 | BH_NET_OFFLOAD_TX_ECN)
#define BH_NET_OFFLOADS_RX                                                                                                       \
    (BH_NET_OFFLOAD_RX_CHECKSUM | BH_NET_OFFLOAD_RX_TCP4 | BH_NET_OFFLOAD_RX_TCP6 | BH_NET_OFFLOAD_RX_MERGED | BH_NET_OFFLOAD_RX_ECN)

// Which of them a server uses of what its client can deal with (Net.accept): segments come with checksums only, and ECN with segments.
static inline uint32_t bh_net_acceptable(uint32_t offloads) {
    uint32_t fine = BH_NET_OFFLOADS_RX;
    if (!(offloads & BH_NET_OFFLOAD_RX_CHECKSUM))
        fine = BH_NET_OFFLOAD_RX_MERGED;
    if (!(offloads & fine & (BH_NET_OFFLOAD_RX_TCP4 | BH_NET_OFFLOAD_RX_TCP6)))
        fine &= ~(uint32_t)BH_NET_OFFLOAD_RX_ECN;
    return offloads & fine;
}

#endif
