// SPDX-License-Identifier: MIT
//
// The card as a whole: what it can do, its queues, and beginning anew with other features. What may be agreed on depends on what else is: the device's offer
// is taken as the specification allows it (5.1.3.1), whatever it says. Source: virtio 1.2, 5.1.3 to 5.1.5.
#include "card.h"

#include <string.h>

#include "kernel.h"

#define MTU_USUAL 1500u
#define MTU_LEAST 68u // RFC 791
#define MTU_MOST (BH_NET_FRAME_MAX - ETHERNET_HEADER - VLAN_TAG)
#define LINK_UP 1u
#define CONFIG_VECTOR 0u // the pairs have those behind it

// Device configuration (5.1.4), as far as it is used.
struct net_config {
    uint8_t mac[MAC_SIZE];
    uint16_t status, pairs_max, mtu;
};

struct card card;

// An offload, and the features that it takes.
static const struct {
    enum bh_net_offload offload;
    uint64_t features;
} offload_table[] = {
    {BH_NET_OFFLOAD_TX_CHECKSUM, NET_F_CSUM},
    {BH_NET_OFFLOAD_TX_TCP4, NET_F_CSUM | NET_F_HOST_TSO4},
    {BH_NET_OFFLOAD_TX_TCP6, NET_F_CSUM | NET_F_HOST_TSO6},
    {BH_NET_OFFLOAD_RX_CHECKSUM, NET_F_GUEST_CSUM},
    {BH_NET_OFFLOAD_RX_TCP4, NET_F_GUEST_CSUM | NET_F_GUEST_TSO4},
    {BH_NET_OFFLOAD_RX_TCP6, NET_F_GUEST_CSUM | NET_F_GUEST_TSO6},
    {BH_NET_OFFLOAD_RX_MERGED, NET_F_MRG_RXBUF},
    {BH_NET_OFFLOAD_TX_ECN, NET_F_CSUM | NET_F_HOST_ECN},
    {BH_NET_OFFLOAD_RX_ECN, NET_F_GUEST_CSUM | NET_F_GUEST_ECN},
};
#define OFFLOADS (sizeof(offload_table) / sizeof(offload_table[0]))

static uint32_t offloads_of(uint64_t offered) {
    uint32_t offloads = 0;
    for (uint32_t i = 0; i < OFFLOADS; i++)
        if (!(offload_table[i].features & ~offered))
            offloads |= offload_table[i].offload;
    if (!(offloads & (BH_NET_OFFLOAD_TX_TCP4 | BH_NET_OFFLOAD_TX_TCP6)))
        offloads &= ~(uint32_t)BH_NET_OFFLOAD_TX_ECN;
    if (!(offloads & (BH_NET_OFFLOAD_RX_TCP4 | BH_NET_OFFLOAD_RX_TCP6)))
        offloads &= ~(uint32_t)BH_NET_OFFLOAD_RX_ECN;
    return offloads;
}

// All that it does for frames out, and for frames in what the client has accepted.
static uint64_t wanted_features(void) {
    uint64_t wanted = NET_F_MAC | NET_F_MTU | NET_F_STATUS | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
    if (card.device.offered & NET_F_CTRL_VQ)
        wanted |= NET_F_CTRL_VQ | NET_F_CTRL_RX | NET_F_MQ;
    for (uint32_t i = 0; i < OFFLOADS; i++)
        if (offload_table[i].offload & ((card.info.offloads & ~BH_NET_OFFLOADS_RX) | card.accepted))
            wanted |= offload_table[i].features;
    return wanted;
}

// A device without an address of its own gets one that says where it is.
static void read_address(const struct net_config *config) {
    const uint8_t made[MAC_SIZE] = {2, 'B', 'H', 0, (uint8_t)(card.device.address >> 8), (uint8_t)card.device.address};
    memcpy(card.info.mac, card.device.offered & NET_F_MAC ? config->mac : made, MAC_SIZE);
}

enum bh_error card_find(void) {
    struct net_config config;
    enum bh_error error = virtio_find(&card.device, "device");
    if (!error)
        error = virtio_reset(&card.device);
    if (error)
        return error;
    if (card.device.vectors < 2) {
        bh_error_log("the device has %u interrupt vectors; one for its configuration and one for each pair are needed", card.device.vectors);
        return BH_ENOTSUP;
    }
    virtio_config(&card.device, 0, &config, sizeof(config));
    read_address(&config);
    bool has_mtu = (card.device.offered & NET_F_MTU) && config.mtu >= MTU_LEAST && config.mtu <= MTU_MOST;
    card.info.mtu = has_mtu ? config.mtu : MTU_USUAL;
    card.info.offloads = offloads_of(card.device.offered);
    bool several = (card.device.offered & NET_F_MQ) && (card.device.offered & NET_F_CTRL_VQ);
    card.device_pairs = several && config.pairs_max ? config.pairs_max : 1;
    return BH_OK;
}

// ---- queues

static enum bh_error create_lane(struct pair *pair, struct lane *lane, uint16_t index, size_t memory_size) {
    enum bh_error error = virtqueue_create(&lane->queue, &card.device, index, NET_QUEUE_SIZE, CONFIG_VECTOR + 1 + pair->number, pair->rings.event);
    if (error || lane->memory)
        return error;
    return device_dma_alloc(card.device.cap, lane->ring.info.entry_count * memory_size, &lane->memory, &lane->memory_address);
}

static enum bh_error create_queues(void) {
    enum bh_error error = BH_OK;
    for (uint16_t i = 0; i < card.pair_count && !error; i++) {
        struct pair *pair = &card.pairs[i];
        error = create_lane(pair, &pair->receive, 2 * i, sizeof(struct receive_memory));
        if (!error)
            error = create_lane(pair, &pair->transmit, 2 * i + 1, sizeof(struct transmit_memory));
    }
    return error ? error : control_create();
}

// After a reset.
static enum bh_error bring_up(void) {
    enum bh_error error = virtio_agree(&card.device, wanted_features(), 0);
    if (!error)
        error = virtio_bind_config(&card.device, CONFIG_VECTOR, card.link_event);
    if (!error)
        error = create_queues();
    if (error)
        return error;
    virtio_start(&card.device);
    if (card.device.features & NET_F_MQ)
        error = control_set_pairs(card.pair_count);
    if (!error && (card.device.features & NET_F_CTRL_RX))
        error = control_set_filter();
    (void)card_read_link();
    return error;
}

enum bh_error card_start(void) {
    uint32_t vectors = card.device.vectors - 1;
    uint32_t most = card.device_pairs < vectors ? card.device_pairs : vectors;
    if (card.pair_count > most) {
        bh_warn("the manifest grants rings for %u queue pairs, and the device has %u and %u interrupt vectors: those from tx%u on are not served",
                card.pair_count, card.device_pairs, card.device.vectors, most);
        card.pair_count = most;
    }
    card.info.queue_pairs = card.pair_count;
    return bring_up();
}

// ---- beginning anew

void card_pause(void) {
    atomic_fetch_add(&card.stops, 1);
    for (uint32_t i = 0; i < card.pair_count; i++)
        bh_mutex_lock(&card.pairs[i].lock);
}

void card_resume(void) {
    for (uint32_t i = card.pair_count; i-- > 0;) {
        bh_mutex_unlock(&card.pairs[i].lock);
        (void)bh_event_signal(card.pairs[i].rings.event); // its interrupts may have gone with the old queues
    }
    atomic_fetch_sub(&card.stops, 1);
}

void card_begin_anew(void) {
    enum bh_error error = virtio_reset(&card.device);
    for (uint32_t i = 0; i < card.pair_count && !error; i++)
        transmit_forget(&card.pairs[i]);
    if (!error)
        error = bring_up();
    if (error)
        bh_panic("the card does not come back after a reset: %s", bh_strerror(error));
    for (uint32_t i = 0; i < card.pair_count; i++)
        receive_post_again(&card.pairs[i]);
}

bool card_read_link(void) {
    struct net_config config;
    uint32_t before = card.info.link;
    virtio_config(&card.device, 0, &config, sizeof(config));
    card.info.link = !(card.device.features & NET_F_STATUS) || (config.status & LINK_UP);
    return card.info.link != before;
}

[[noreturn]] void card_broken(void) {
    bh_panic("the device does not keep to the protocol");
}
