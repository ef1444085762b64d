// SPDX-License-Identifier: MIT
//
// virtio-net: features, configuration, and what happens at the ends of the device's life. When the Net domain dies nothing happens here: the
// rings' logs are replayed by its successor, and the guest sees latency, at worst a frame lost or doubled. When the guest resets the device,
// frames that it gave up already are still sent, and those that come are dropped until it is ready again.
#include "virtio_net.h"

#include "machine.h"

#define TYPE_NETWORK 1
#define CLASS_ETHERNET 0x020000
#define STATUS_LINK_UP 1

// Device configuration, 5.1.4.
struct config {
    uint8_t mac[6];
    uint16_t status, queue_pairs, mtu;
};
static_assert(sizeof(struct config) == 12);

static uint64_t features(void *device) {
    const struct virtio_net *net = device;
    static const struct {
        uint32_t offload;
        uint64_t feature;
    } pairs[] = {
        {BH_NET_OFFLOAD_TX_CHECKSUM, VIRTIO_NET_F_CSUM},
        {BH_NET_OFFLOAD_RX_CHECKSUM, VIRTIO_NET_F_GUEST_CSUM},
        {BH_NET_OFFLOAD_TX_TCP4, VIRTIO_NET_F_HOST_TSO4},
        {BH_NET_OFFLOAD_TX_TCP6, VIRTIO_NET_F_HOST_TSO6},
        {BH_NET_OFFLOAD_RX_TCP4, VIRTIO_NET_F_GUEST_TSO4},
        {BH_NET_OFFLOAD_RX_TCP6, VIRTIO_NET_F_GUEST_TSO6},
        {BH_NET_OFFLOAD_TX_ECN, VIRTIO_NET_F_HOST_ECN},
        {BH_NET_OFFLOAD_RX_ECN, VIRTIO_NET_F_GUEST_ECN},
    };
    uint64_t offered = VIRTIO_NET_F_MAC | VIRTIO_NET_F_MTU | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX;
    for (uint32_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (net->info.offloads & pairs[i].offload)
            offered |= pairs[i].feature;
    return offered;
}

static uint32_t config_read(void *device, uint32_t offset, uint32_t size) {
    const struct virtio_net *net = device;
    struct config config = {.status = net->info.link ? STATUS_LINK_UP : 0, .queue_pairs = 1, .mtu = net->info.mtu};
    uint32_t value = 0;
    memcpy(config.mac, net->info.mac, sizeof(config.mac));
    if (offset + size <= sizeof(config))
        memcpy(&value, (const uint8_t *)&config + offset, size);
    return value;
}

uint32_t virtio_net_offloads(const struct virtio_net *net) {
    uint64_t accepted = virtio_pci_ready(&net->virtio) ? net->virtio.driver_features : 0;
    uint32_t offloads = BH_NET_OFFLOAD_TX_CHECKSUM | BH_NET_OFFLOAD_TX_TCP4 | BH_NET_OFFLOAD_TX_TCP6;
    if (accepted & VIRTIO_NET_F_GUEST_CSUM) {
        offloads |= BH_NET_OFFLOAD_RX_CHECKSUM;
        offloads |= accepted & VIRTIO_NET_F_GUEST_TSO4 ? BH_NET_OFFLOAD_RX_TCP4 : 0;
        offloads |= accepted & VIRTIO_NET_F_GUEST_TSO6 ? BH_NET_OFFLOAD_RX_TCP6 : 0;
        offloads |= accepted & VIRTIO_NET_F_GUEST_ECN ? BH_NET_OFFLOAD_RX_ECN : 0;
    }
    // Cells of a frame are joined here, whatever the guest's buffers are like.
    return (offloads | BH_NET_OFFLOAD_RX_MERGED) & net->info.offloads;
}

void virtio_net_set_link(struct virtio_net *net, bool up) {
    if (up == (net->info.link != 0))
        return;
    UNDO_SAVE(net->machine, &net->info);
    net->info.link = up;
    virtio_pci_config_changed(&net->virtio);
}

static void wish(struct virtio_net *net) {
    net->wishes = true;
    net->machine->net_ready = true;
}

static void start(void *device) {
    wish(device);
}

static bool reset(void *device) {
    struct virtio_net *net = device;
    UNDO_SAVE(net->machine, net);
    net->stalled = false;
    net->blocked = false;
    net->filter = (struct bh_net_filter){0};
    net->more_unicast = net->more_multicast = false;
    wish(net);
    return true; // nothing of the guest's memory is in use between two calls
}

static void notify(void *device, uint32_t queue) {
    struct virtio_net *net = device;
    if (queue == VIRTIO_NET_TRANSMIT)
        virtio_net_transmit(net);
    else if (queue == VIRTIO_NET_CONTROL)
        virtio_net_control(net);
    else if (net->blocked)
        while (virtio_net_receive(net))
            ;
}

static const struct virtio_model model = {
    .name = "virtio-net",
    .type = TYPE_NETWORK,
    .class_code = CLASS_ETHERNET,
    .queue_count = 3,
    .features = features,
    .config_read = config_read,
    .notify = notify,
    .start = start,
    .reset = reset,
};

bool virtio_net_create(struct virtio_net *net, struct machine *machine, struct bh_net_client *client, const struct bh_net_info *info) {
    *net = (struct virtio_net){.machine = machine, .client = client, .info = *info, .wishes = true};
    return virtio_pci_create(&net->virtio, machine, &model, net);
}

const char *virtio_net_restore(struct virtio_net *net, const struct virtio_net *saved) {
    if (saved->filter.count > BH_NET_FILTER_MAX || !device_flag(&saved->more_unicast) || !device_flag(&saved->more_multicast))
        return "the network card's filter";
    net->filter = saved->filter;
    net->more_unicast = saved->more_unicast;
    net->more_multicast = saved->more_multicast;
    return virtio_pci_restore(&net->virtio, &saved->virtio);
}

void virtio_net_resume(struct virtio_net *net) {
    wish(net);
    if (!virtio_pci_ready(&net->virtio))
        return;
    virtio_pci_interrupt(&net->virtio, VIRTIO_NET_CONTROL);
    virtio_net_transmit(net);
    while (virtio_net_receive(net))
        ;
}
