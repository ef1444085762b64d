// SPDX-License-Identifier: MIT
//
// The virtio network driver: interface Net over a virtio-net device. It needs the capability "device", serves the port "net", and for each queue pair the rings
// "tx0" and "rx0", "tx1" and "rx1", as many as the manifest grants, each pair with a thread and an interrupt of its own. Source: virtio 1.2, 5.1.
//
// Frames stay where the client has them: the device reads and writes the rings' buffers itself, and this domain cannot map them. When it dies, frames to
// send and empty buffers stay in the rings' logs, and the next instance gives them to the device again: a frame may be sent twice, or lost on its way in.
// What the client accepted and its filter die with it; the client says them again when it sees another epoch in its rings.
#include "card.h"

#include <stdio.h>
#include <string.h>

#include "bulkhead/device.h"

#define PAUSE_NS 100000ull

// ---- calls

static enum bh_error get_info(void *object, struct bh_net_info *info) {
    (void)object;
    bh_mutex_lock(&card.lock);
    *info = card.info;
    bh_mutex_unlock(&card.lock);
    return BH_OK;
}

static enum bh_error accept(void *object, uint32_t offloads, uint32_t *accepted) {
    (void)object;
    uint32_t wanted = bh_net_acceptable(offloads & card.info.offloads);
    bh_mutex_lock(&card.lock);
    if (wanted != card.accepted) {
        card_pause();
        card.accepted = wanted;
        card_begin_anew();
        card_resume();
    }
    bh_mutex_unlock(&card.lock);
    *accepted = wanted | (offloads & card.info.offloads & ~BH_NET_OFFLOADS_RX);
    return BH_OK;
}

static enum bh_error set_filter(void *object, const struct bh_net_filter *filter) {
    (void)object;
    enum bh_error error = BH_OK;
    if (filter->count > BH_NET_FILTER_MAX)
        return BH_ERANGE;
    bh_mutex_lock(&card.lock);
    if (card.device.features & NET_F_CTRL_RX) {
        card.filter = *filter;
        error = control_set_filter();
    } else if (!filter->promiscuous) {
        error = BH_ENOTSUP; // it delivers everything
    }
    bh_mutex_unlock(&card.lock);
    return error;
}

static enum bh_error get_counters(void *object, struct bh_net_counters *counters) {
    (void)object;
    *counters = (struct bh_net_counters){0};
    for (uint32_t i = 0; i < card.pair_count; i++) {
        struct pair *pair = &card.pairs[i];
        bh_mutex_lock(&pair->lock);
        counters->tx_frames += pair->transmit.frames;
        counters->tx_bytes += pair->transmit.bytes;
        counters->tx_dropped += pair->transmit.dropped;
        counters->rx_frames += pair->receive.frames;
        counters->rx_bytes += pair->receive.bytes;
        counters->rx_dropped += pair->receive.dropped;
        bh_mutex_unlock(&pair->lock);
    }
    return BH_OK;
}

static enum bh_error withdraw(void *object, uint32_t number) {
    (void)object;
    if (number >= card.pair_count)
        return BH_ERANGE;
    bh_mutex_lock(&card.lock);
    card_pause();
    // Only a device that was reset is certain not to write to a buffer any more.
    enum bh_error error = virtio_reset(&card.device);
    if (error)
        bh_panic("buffers cannot be withdrawn: %s", bh_strerror(error));
    receive_withdraw(&card.pairs[number]);
    card_begin_anew();
    card_resume();
    bh_mutex_unlock(&card.lock);
    return BH_OK;
}

// ---- pairs

void pair_notify(struct pair *pair, struct lane *lane) {
    bh_ring_finish_notify(&lane->ring);
    if (lane->ring.epoch > 1 && !pair->told) // the first instance of all has epoch 1
        bh_info("restarted: %u frames and %u buffers replayed in pair %u, first request completed at tick %llu", pair->transmit.ring.replayed,
                pair->receive.ring.replayed, pair->number, (unsigned long long)__builtin_ia32_rdtsc());
    pair->told = true;
}

// Whether there is more to do; if not, whoever has the next piece of work wakes us.
static bool work(struct pair *pair) {
    bool busy = transmit_end(pair);
    busy |= receive_take(pair);
    busy |= receive_post(pair);
    busy |= transmit_take(pair);
    if (busy || virtqueue_arm(&pair->transmit.queue) || virtqueue_arm(&pair->receive.queue))
        return true;
    // Without room in a queue only the device can bring the next piece of work.
    return (transmit_has_room(pair) && bh_ring_arm_submit(&pair->transmit.ring)) || (receive_has_room(pair) && bh_ring_arm_submit(&pair->receive.ring));
}

static void serve_pair(uint64_t number) {
    struct pair *pair = &card.pairs[number];
    for (;;) {
        while (atomic_load(&card.stops))
            bh_sleep_for(PAUSE_NS);
        bh_mutex_lock(&pair->lock);
        bool more = work(pair);
        bh_mutex_unlock(&pair->lock);
        if (!more)
            (void)bh_event_await(pair->rings.event, 0);
    }
}

// ---- start

static enum bh_error attach_lane(struct pair *pair, struct lane *lane, const char *kind) {
    char name[8];
    snprintf(name, sizeof(name), "%s%u", kind, pair->number);
    enum bh_error error = bh_ring_attach(name, &lane->ring);
    if (error)
        return error;
    error = bh_device_data(&lane->ring, name, &lane->data_address, &lane->data_size);
    return error ? error : bh_ring_set_add(&pair->rings, &lane->ring, 0, 1);
}

// Every pair of rings that the manifest grants.
static enum bh_error attach_pairs(void) {
    enum bh_error error = BH_OK;
    while (!error && card.pair_count < PAIRS_MAX) {
        struct pair *pair = &card.pairs[card.pair_count];
        char name[8];
        bh_cap cap;
        snprintf(name, sizeof(name), "tx%u", card.pair_count);
        if (bh_cap_find(name, &cap) == BH_ENOENT)
            break;
        pair->number = card.pair_count++;
        error = bh_ring_set_create(&pair->rings);
        if (!error)
            error = bh_mutex_create(&pair->lock);
        if (!error)
            error = attach_lane(pair, &pair->transmit, "tx");
        if (!error)
            error = attach_lane(pair, &pair->receive, "rx");
    }
    return error || card.pair_count ? error : BH_ENOENT;
}

static enum bh_error start(void) {
    static const struct net_methods methods = {get_info, accept, set_filter, get_counters, withdraw};
    enum bh_error error = bh_mutex_create(&card.lock);
    if (!error)
        error = bh_event_create(&card.link_event);
    if (!error)
        error = attach_pairs();
    if (!error)
        error = card_find();
    if (!error)
        error = card_start();
    for (uint32_t i = 0; i < card.pair_count && !error; i++)
        error = bh_thread_create(serve_pair, i, BH_PRIORITY_SAME);
    return error ? error : net_serve("net", &methods, &card);
}

int main(void) {
    enum bh_error error = start();
    if (error)
        return bh_not_started("the network cannot be served", error);
    const uint8_t *mac = card.info.mac;
    bh_info("%02x:%02x:%02x:%02x:%02x:%02x, %u pairs of %s queues, MTU %u, offloads 0x%x, link %s", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
            card.info.queue_pairs, card.pairs[0].receive.queue.is_packed ? "packed" : "split", card.info.mtu, card.info.offloads, card.info.link ? "up" : "down");
    for (;;) {
        (void)bh_event_await(card.link_event, 0);
        bh_mutex_lock(&card.lock);
        bool changed = card_read_link(), broken = virtio_broken(&card.device);
        bh_mutex_unlock(&card.lock);
        if (broken)
            card_broken();
        if (changed) {
            bh_info("link %s", card.info.link ? "up" : "down");
            net_signal_link_changed();
        }
    }
}
