// SPDX-License-Identifier: MIT
//
// A client's port: the server's side of Net. Requests to send are taken by turns from all clients' rings (main.c); empty buffers are taken from a
// client's receive ring when there is a frame for it, and not before, so that it may cancel the others. Every offset and size is checked against
// the client's own pool: a client that names anything else has its frame or its buffer back with BH_ERANGE.
#include "switch.h"

#include <stdio.h>

#include "bulkhead/domain.h"

#define FRAME_FLAGS (BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM | BH_NET_FRAME_FLAGS_ECN)
#define TRIES_MAX 32u // buffers of a client that make no sense, before a frame for it is lost

static bool inside(const struct port *port, uint64_t offset, uint64_t size) {
    return offset <= port->pool_size && size <= port->pool_size - offset;
}

// ---- frames from the client

static bool describe(const struct port *port, const struct bh_net_transmit_request *request, struct frame *frame) {
    frame->facts = request->frame;
    frame->facts.flags &= FRAME_FLAGS;
    frame->size = frame->piece_count = 0;
    if (!request->segment_count || request->segment_count > BH_NET_SEGMENTS_MAX)
        return false;
    for (uint32_t i = 0; i < request->segment_count; i++) {
        const struct bh_net_segment *segment = &request->segments[i];
        if (!segment->size || segment->size > BH_NET_FRAME_MAX || !inside(port, segment->offset, segment->size))
            return false;
        frame->pieces[frame->piece_count++] = (struct frame_piece){port->pool + segment->offset, segment->size};
        frame->size += segment->size;
    }
    if (frame->size < FRAME_ETHERNET || frame->size > BH_NET_FRAME_MAX)
        return false;
    frame_begin(frame);
    return frame_check(frame, network.mtu);
}

void client_handle(struct port *port, uint32_t slot, const struct bh_net_transmit_request *request) {
    struct frame frame;
    struct bh_net_transmit_completion completion = {0};
    enum bh_error status = BH_ERANGE;
    if (describe(port, request, &frame)) {
        forward(port, &frame);
        completion.sent = frame.size;
        status = BH_OK;
    } else {
        if (!port->told_nonsense)
            bh_warn("port %s: a frame that lies outside its pool, is too long, or is not what it says, was refused; this is said once", port->name);
        port->told_nonsense = true;
        port->counters.tx_dropped++;
    }
    bh_ring_end(&port->transmit, slot, status, &completion);
}

// ---- frames to the client

static void give_back(struct port *port, uint32_t slot, enum bh_error status) {
    const struct bh_net_receive_completion completion = {0};
    bh_ring_end(&port->receive, slot, status, &completion);
}

// One more empty buffer from the ring. False: there is none.
static bool take_empty(struct port *port) {
    struct bh_net_receive_request request;
    uint32_t slot;
    for (uint32_t tries = 0; tries < TRIES_MAX; tries++) {
        enum bh_error error = bh_ring_take(&port->receive, &slot, &request);
        if (error == BH_EAGAIN)
            return false;
        if (error)
            continue; // what was submitted wrongly has been reported, and is passed over
        if (request.size < BH_NET_BUFFER_MIN || !inside(port, request.offset, request.size)) {
            give_back(port, slot, BH_ERANGE);
            continue;
        }
        port->empties[port->empty_count++] = (struct empty){.slot = slot, .size = request.size, .offset = request.offset};
        return true;
    }
    return false;
}

// How many of the empty buffers a frame of that size takes, 0: there are not enough.
static uint32_t gather(struct port *port, uint32_t size) {
    uint32_t most = port->accepted & BH_NET_OFFLOAD_RX_MERGED ? BH_NET_SEGMENTS_MAX : 1;
    uint64_t room = 0;
    for (uint32_t count = 0; count < most; count++) {
        if (count == port->empty_count && !take_empty(port))
            return 0;
        room += port->empties[count].size;
        if (room >= size)
            return count + 1;
    }
    return 0;
}

bool client_deliver(struct port *port, const struct bh_net_frame *facts, struct outgoing *outgoing) {
    uint32_t size = outgoing_size(outgoing), count = gather(port, size), slots[BH_NET_SEGMENTS_MAX];
    struct bh_net_receive_completion completions[BH_NET_SEGMENTS_MAX] = {0};
    if (!count)
        return false;
    completions[0].frame = *facts;
    completions[0].buffers = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct empty *empty = &port->empties[i];
        uint32_t piece = size < empty->size ? size : empty->size;
        outgoing_copy(outgoing, port->pool + empty->offset, piece);
        completions[i].size = piece;
        slots[i] = empty->slot;
        size -= piece;
    }
    port->empty_count -= count;
    for (uint32_t i = 0; i < port->empty_count; i++)
        port->empties[i] = port->empties[i + count];
    bh_ring_end_batch(&port->receive, count, slots, NULL, completions);
    return true;
}

// ---- interface

static enum bh_error get_info(void *object, struct bh_net_info *info) {
    const struct port *port = object;
    *info = (struct bh_net_info){.mtu = (uint16_t)network.mtu, .queue_pairs = 1, .offloads = BH_NET_OFFLOADS_TX | BH_NET_OFFLOADS_RX};
    for (int i = 0; i < 6; i++)
        info->mac[i] = port->mac[i];
    bh_mutex_lock(&network.lock);
    info->link = !network.uplink_count;
    for (uint32_t i = 0; i < network.port_count; i++)
        info->link |= network.ports[i].uplink && network.ports[i].link;
    bh_mutex_unlock(&network.lock);
    return BH_OK;
}

static enum bh_error do_accept(void *object, uint32_t offloads, uint32_t *accepted) {
    struct port *port = object;
    *accepted = bh_net_acceptable(offloads);
    bh_mutex_lock(&network.lock);
    port->accepted = *accepted;
    bh_mutex_unlock(&network.lock);
    return BH_OK;
}

static enum bh_error set_filter(void *object, const struct bh_net_filter *filter) {
    struct port *port = object;
    if (filter->count > BH_NET_FILTER_MAX)
        return BH_ERANGE;
    bh_mutex_lock(&network.lock);
    port->filter = *filter;
    bh_mutex_unlock(&network.lock);
    return BH_OK;
}

static enum bh_error get_counters(void *object, struct bh_net_counters *counters) {
    const struct port *port = object;
    bh_mutex_lock(&network.lock);
    *counters = port->counters;
    bh_mutex_unlock(&network.lock);
    return BH_OK;
}

static enum bh_error withdraw(void *object, uint32_t pair) {
    struct port *port = object;
    if (pair)
        return BH_ERANGE;
    bh_mutex_lock(&network.lock);
    do {
        while (port->empty_count)
            give_back(port, port->empties[--port->empty_count].slot, BH_ECANCELED);
    } while (take_empty(port));
    bh_mutex_unlock(&network.lock);
    bh_ring_finish_notify(&port->receive);
    return BH_OK;
}

const struct net_methods client_methods = {
    .info = get_info, .accept = do_accept, .filter = set_filter, .counters = get_counters, .withdraw = withdraw};

// ---- beginning

static enum bh_error attach(struct port *port, const char *suffix, struct bh_ring *ring) {
    char name[BH_CAP_NAME_SIZE];
    snprintf(name, sizeof(name), "%s.%s", port->name, suffix);
    enum bh_error error = bh_ring_attach(name, ring);
    if (error)
        bh_error_log("ring %s cannot be used: %s", name, bh_strerror(error));
    return error;
}

enum bh_error client_open(struct port *port) {
    char name[BH_CAP_NAME_SIZE];
    void *pool;
    snprintf(name, sizeof(name), "%s.pool", port->name);
    enum bh_error error = bh_buffer_find(name, BH_RIGHT_READ | BH_RIGHT_WRITE, &pool, &port->pool_size);
    if (error) {
        bh_error_log("buffer %s cannot be used: %s", name, bh_strerror(error));
        return error;
    }
    port->pool = pool;
    error = attach(port, "tx0", &port->transmit);
    if (!error)
        error = attach(port, "rx0", &port->receive);
    if (!error)
        error = bh_ring_set_add(&network.set, &port->transmit, 0, 8);
    return error;
}
