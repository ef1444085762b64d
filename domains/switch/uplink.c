// SPDX-License-Identifier: MIT
//
// An uplink: the client's side of Net, towards the driver of a real card, or another switch. The pool between the two is the switch's own; no
// client sees it. When the driver dies, frames under way and empty buffers wait in the rings for its successor, which is asked for link and
// offloads anew, and told to let all frames through. When the switch dies, its successor finds in the rings which cells are in use.
#include "switch.h"

#include "bulkhead/domain.h"

#define FRAMES_AT_ONCE 32
#define BELL_PRIORITY 1

// ---- frames from the wire

static void describe(const struct port *port, struct frame *frame) {
    const struct bh_net_client *client = &port->client;
    frame->facts = client->incoming.frame;
    frame->size = client->incoming.size;
    frame->piece_count = 0;
    for (uint32_t i = 0; i < client->incoming.count; i++) {
        const struct bh_net_piece *piece = &client->incoming.pieces[i];
        if (piece->prefix_size)
            frame->pieces[frame->piece_count++] = (struct frame_piece){piece->prefix, piece->prefix_size};
        if (piece->size)
            frame->pieces[frame->piece_count++] = (struct frame_piece){bh_net_piece(client, piece), piece->size};
    }
    frame_begin(frame);
}

bool uplink_handle(struct port *port) {
    struct frame frame;
    bh_net_collect(&port->client); // a driver that was restarted waits until its ring's client has seen that
    for (uint32_t count = 0; count < FRAMES_AT_ONCE; count++) {
        if (!bh_net_receive(&port->client)) {
            if (port->client.told_epoch != port->client.receive.epoch)
                port->ask = true; // its successor knows nothing of us
            return bh_ring_arm_completion(&port->client.receive);
        }
        describe(port, &frame);
        if (frame_check(&frame, network.mtu))
            forward(port, &frame);
        else
            port->counters.tx_dropped++;
        bh_net_release(&port->client);
    }
    return true;
}

// ---- frames to the wire

bool uplink_deliver(struct port *port, const struct bh_net_frame *facts, struct outgoing *outgoing) {
    struct bh_net_transmit_request request;
    uint32_t size = outgoing_size(outgoing);
    enum bh_error error = bh_net_reserve(&port->client, size, &request);
    if (error == BH_EAGAIN) {
        bh_net_collect(&port->client);
        error = bh_net_reserve(&port->client, size, &request);
    }
    if (error)
        return false;
    request.frame = *facts;
    for (uint32_t i = 0; i < request.segment_count; i++)
        outgoing_copy(outgoing, bh_net_memory(&port->client, &request.segments[i]), request.segments[i].size);
    bh_net_submit(&port->client, &request);
    return true;
}

// ---- the card

void uplink_ask(struct port *port) {
    // What the wire brings goes to whoever it is for: the card filters nothing.
    const struct bh_net_filter all = {.promiscuous = 1, .all_multicast = 1};
    struct bh_net_info info;
    bh_mutex_lock(&network.lock);
    uint32_t epoch = port->client.receive.epoch;
    port->ask = false;
    bh_mutex_unlock(&network.lock);
    enum bh_error error = bh_net_introduce(&port->client, epoch, port->link_event, BH_NET_OFFLOADS_RX, &all, &info);
    bh_mutex_lock(&network.lock);
    if (error) {
        port->ask = true; // it is being replaced
    } else {
        bool up = info.link != 0;
        network.link_changed |= up != port->link;
        port->link = up;
        port->offloads = info.offloads;
    }
    bh_mutex_unlock(&network.lock);
}

// An uplink's events join the set's: a thread sleeps on one.
static void frame_bell(uint64_t event) {
    for (;;) {
        (void)bh_event_await((bh_cap)event, 0);
        (void)bh_event_signal(network.set.event);
    }
}

static void link_bell(uint64_t index) {
    struct port *port = &network.ports[index];
    for (;;) {
        (void)bh_event_await(port->link_event, 0);
        bh_mutex_lock(&network.lock);
        port->ask = true;
        bh_mutex_unlock(&network.lock);
        (void)bh_event_signal(network.set.event);
    }
}

enum bh_error uplink_open(struct port *port) {
    enum bh_error error = bh_net_attach(&port->client, port->name);
    if (!error)
        error = bh_event_create(&port->link_event);
    if (!error)
        error = bh_thread_create(frame_bell, port->client.receive.info.completion_event, BELL_PRIORITY);
    if (!error)
        error = bh_thread_create(link_bell, port->index, BELL_PRIORITY);
    port->ask = true;
    return error;
}
