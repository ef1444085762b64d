// SPDX-License-Identifier: MIT
//
// The client's side of a network card (idl/net.bidl), with one pair of rings: a pool of cells in the rings' buffer, those of frames under way,
// and whole frames out of what comes in pieces.
//
//   pool   cells of 4 KiB: first those for reception, one for each entry of the receive ring, then those for transmission
//
// When the server dies all this stays: what is under way is in the rings' logs. When the client dies its successor finds in the rings which cells
// are in use. Trust: the server may complete anything with anything; sizes are those of a cell at most, and a piece belongs to one frame.
// Context: one thread at a time.
#ifndef BULKHEAD_NET_CLIENT_H
#define BULKHEAD_NET_CLIENT_H

#include "bulkhead/ring.h"
#include "net.h"

#define BH_NET_CELL 4096u
#define BH_NET_CELLS_MAX 2048

// A piece of a frame that came: first `prefix`, then `size` bytes of a cell.
struct bh_net_piece {
    uint16_t cell;
    uint16_t size;
    uint32_t prefix_size;
    uint8_t prefix[BH_NET_PREFIX_MAX];
};

// A frame that comes, as far as its pieces are there.
struct bh_net_incoming {
    bool complete;
    uint32_t wanted; // pieces that it has; 0: there is no frame
    uint32_t epoch;  // of the ring, when the first came
    uint32_t size;   // bytes
    struct bh_net_frame frame;
    uint32_t count; // pieces that are there
    struct bh_net_piece pieces[BH_NET_SEGMENTS_MAX];
};

struct bh_net_client {
    const char *name; // in messages
    bh_cap net;
    struct bh_ring transmit, receive;
    uint8_t *pool;
    uint32_t cell_count, receive_cells;
    struct bh_net_incoming incoming;
    uint32_t free_count;
    uint16_t free[BH_NET_CELLS_MAX]; // cells for transmission
    struct bh_net_sending {
        uint32_t count;
        uint16_t cells[BH_NET_SEGMENTS_MAX];
    } sending[BH_RING_ENTRIES_MAX]; // by slot of the transmit ring
    uint16_t posted[BH_RING_ENTRIES_MAX]; // by slot of the receive ring: its cell
    uint64_t lost; // frames that could not be put together, or that the server could not send
    uint32_t told_epoch; // bh_net_introduce()'s: of the server that was told of our event
};

// Take what the manifest grants under NAME (port of Net), NAME.tx0 and NAME.rx0 (rings) and NAME.pool (their buffer), and post all cells for
// reception. `name` is kept.
// BH_ENOENT: there is no such port. Other refusals are in the log.
enum bh_error bh_net_attach(struct bh_net_client *client, const char *name);
// Say to the server what its client wants, and ask it for its facts: after a change, and when the rings' epoch is another, since what a server was told dies
// with it. `epoch` is that of the receive ring; `link_event` is signalled when the link goes up or down. Of `offloads` those are accepted that the card has.
// Sleeps while the server works, so the caller holds none of its locks; the client's other functions may be called meanwhile.
enum bh_error bh_net_introduce(struct bh_net_client *client, uint32_t epoch, bh_cap link_event, uint32_t offloads, const struct bh_net_filter *filter,
                               struct bh_net_info *info);
// The second half of bh_net_attach(): the rings are attached; `pool` has `size` bytes. BH_ENOSPC: too few.
enum bh_error bh_net_adopt(struct bh_net_client *client, void *pool, uint64_t size);

// Reserve cells for a frame of `size` bytes: the segments of `request`, whose `frame` is the caller's to fill. BH_EAGAIN: no cells or no entry
// of the ring are free; see bh_net_collect(). BH_ERANGE: no frame has that size.
enum bh_error bh_net_reserve(struct bh_net_client *client, uint32_t size, struct bh_net_transmit_request *request);
// Where a reserved segment is.
static inline void *bh_net_memory(const struct bh_net_client *client, const struct bh_net_segment *segment) {
    return client->pool + segment->offset;
}
// Send it. The server is told by bh_ring_submit_notify(&client->transmit).
void bh_net_submit(struct bh_net_client *client, const struct bh_net_transmit_request *request);
// Free the cells of frames that were sent.
void bh_net_collect(struct bh_net_client *client);

// Put together the next frame, in `incoming`. False: there is none yet.
bool bh_net_receive(struct bh_net_client *client);
// Where a piece is.
static inline const uint8_t *bh_net_piece(const struct bh_net_client *client, const struct bh_net_piece *piece) {
    return client->pool + (uint64_t)piece->cell * BH_NET_CELL;
}
// Done with `incoming`, whole or not: its cells are posted again.
void bh_net_release(struct bh_net_client *client);

#endif
