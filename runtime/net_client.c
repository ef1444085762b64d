// SPDX-License-Identifier: MIT
//
// Cells of a pool between a client and its network card. A cell is at each moment in one place: free, under way in the transmit ring, posted in
// the receive ring, or a piece of the frame that is coming. Which, a successor of a client that died reads from the rings; what it reads there
// was perhaps written by a program gone wild, so a cell that does not exist, or is named twice, counts once.
#include "bulkhead/net_client.h"

#include <string.h>

#include "bulkhead/domain.h"

#define NO_CELL 0xffff

// ---- beginning

static void post(struct bh_net_client *client, uint16_t cell) {
    const struct bh_net_receive_request request = {.offset = (uint64_t)cell * BH_NET_CELL, .size = BH_NET_CELL};
    uint32_t slot;
    if (bh_ring_submit(&client->receive, &request, &slot) == BH_OK) // there is an entry for each cell
        client->posted[slot] = cell;
}

static void adopt_transmissions(struct bh_net_client *client, bool *used) {
    for (uint32_t slot = 0; slot < client->transmit.info.entry_count; slot++) {
        struct bh_net_transmit_request request;
        struct bh_net_sending *sending = &client->sending[slot];
        sending->count = 0;
        if (bh_ring_request(&client->transmit, slot, &request))
            continue;
        for (uint32_t i = 0; i < request.segment_count && i < BH_NET_SEGMENTS_MAX; i++) {
            uint64_t cell = request.segments[i].offset / BH_NET_CELL;
            if (cell < client->receive_cells || cell >= client->cell_count || used[cell])
                continue;
            used[cell] = true;
            sending->cells[sending->count++] = (uint16_t)cell;
        }
    }
}

static void adopt_receptions(struct bh_net_client *client, bool *used) {
    for (uint32_t slot = 0; slot < client->receive.info.entry_count; slot++) {
        struct bh_net_receive_request request;
        client->posted[slot] = NO_CELL;
        if (bh_ring_request(&client->receive, slot, &request))
            continue;
        uint64_t cell = request.offset / BH_NET_CELL;
        if (cell >= client->receive_cells || used[cell] || request.offset % BH_NET_CELL || request.size != BH_NET_CELL)
            continue;
        used[cell] = true;
        client->posted[slot] = (uint16_t)cell;
    }
}

enum bh_error bh_net_adopt(struct bh_net_client *client, void *pool, uint64_t size) {
    bool used[BH_NET_CELLS_MAX] = {0};
    uint64_t cells = size / BH_NET_CELL, least = client->receive.info.entry_count + BH_NET_SEGMENTS_MAX;
    if (cells < least) {
        bh_error_log("a network's pool has %llu bytes; its receive ring of %u entries needs %llu", (unsigned long long)size,
                     client->receive.info.entry_count, (unsigned long long)least * BH_NET_CELL);
        return BH_ENOSPC;
    }
    client->pool = pool;
    client->cell_count = cells < BH_NET_CELLS_MAX ? (uint32_t)cells : BH_NET_CELLS_MAX;
    client->receive_cells = client->receive.info.entry_count;
    client->free_count = 0;
    client->incoming = (struct bh_net_incoming){0};
    adopt_transmissions(client, used);
    adopt_receptions(client, used);
    for (uint32_t cell = client->cell_count; cell-- > client->receive_cells;)
        if (!used[cell])
            client->free[client->free_count++] = (uint16_t)cell;
    for (uint32_t cell = 0; cell < client->receive_cells; cell++)
        if (!used[cell])
            post(client, (uint16_t)cell);
    bh_ring_submit_notify(&client->receive);
    return BH_OK;
}

// ---- transmission

enum bh_error bh_net_reserve(struct bh_net_client *client, uint32_t size, struct bh_net_transmit_request *request) {
    uint32_t count = (size + BH_NET_CELL - 1) / BH_NET_CELL;
    if (!size || size > BH_NET_FRAME_MAX)
        return BH_ERANGE;
    if (count > client->free_count || client->transmit.in_flight == client->transmit.info.entry_count)
        return BH_EAGAIN;
    request->segment_count = count;
    request->pad = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t cell = client->free[--client->free_count];
        request->segments[i] = (struct bh_net_segment){.offset = (uint64_t)cell * BH_NET_CELL, .size = size < BH_NET_CELL ? size : BH_NET_CELL};
        size -= request->segments[i].size;
    }
    return BH_OK;
}

void bh_net_submit(struct bh_net_client *client, const struct bh_net_transmit_request *request) {
    struct bh_net_sending sending = {.count = request->segment_count};
    uint32_t slot;
    for (uint32_t i = 0; i < sending.count; i++)
        sending.cells[i] = (uint16_t)(request->segments[i].offset / BH_NET_CELL);
    enum bh_error error = bh_ring_submit(&client->transmit, request, &slot);
    BH_ASSERT(!error); // bh_net_reserve() has seen that there is an entry
    client->sending[slot] = sending;
}

void bh_net_collect(struct bh_net_client *client) {
    enum bh_error status;
    uint32_t slot;
    while (bh_ring_complete(&client->transmit, &slot, &status, NULL) == BH_OK) {
        struct bh_net_sending *sending = &client->sending[slot];
        client->lost += status != BH_OK;
        while (sending->count)
            client->free[client->free_count++] = sending->cells[--sending->count];
    }
}

// ---- reception

void bh_net_release(struct bh_net_client *client) {
    struct bh_net_incoming *incoming = &client->incoming;
    for (uint32_t i = 0; i < incoming->count; i++)
        post(client, incoming->pieces[i].cell);
    incoming->complete = false;
    incoming->wanted = incoming->size = incoming->count = 0;
}

static bool sensible(const struct bh_net_incoming *incoming, const struct bh_net_receive_completion *completion) {
    bool first = completion->buffers != 0;
    return first == !incoming->wanted && completion->buffers <= BH_NET_SEGMENTS_MAX && completion->size <= BH_NET_CELL &&
           completion->prefix_size <= BH_NET_PREFIX_MAX && completion->size + completion->prefix_size;
}

// A cell that came back joins the frame that it belongs to.
static void join(struct bh_net_client *client, uint16_t cell, const struct bh_net_receive_completion *completion) {
    struct bh_net_incoming *incoming = &client->incoming;
    if (incoming->wanted && (completion->buffers || incoming->epoch != client->receive.epoch)) { // its other pieces will never come
        client->lost++;
        bh_net_release(client);
    }
    if (!sensible(incoming, completion)) {
        client->lost++;
        post(client, cell);
        return;
    }
    if (completion->buffers) {
        incoming->wanted = completion->buffers;
        incoming->epoch = client->receive.epoch;
        incoming->frame = completion->frame;
    }
    struct bh_net_piece *piece = &incoming->pieces[incoming->count++];
    *piece = (struct bh_net_piece){.cell = cell, .size = (uint16_t)completion->size, .prefix_size = completion->prefix_size};
    memcpy(piece->prefix, completion->prefix, sizeof(piece->prefix));
    incoming->size += completion->size + completion->prefix_size;
    incoming->complete = incoming->count == incoming->wanted;
}

bool bh_net_receive(struct bh_net_client *client) {
    while (!client->incoming.complete) {
        struct bh_net_receive_completion completion;
        enum bh_error status;
        uint32_t slot;
        if (bh_ring_complete(&client->receive, &slot, &status, &completion))
            return false;
        uint16_t cell = client->posted[slot];
        client->posted[slot] = NO_CELL;
        if (cell == NO_CELL)
            continue; // of a former life that named no cell
        if (status)
            post(client, cell);
        else
            join(client, cell, &completion);
    }
    return true;
}
