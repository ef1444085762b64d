// SPDX-License-Identifier: MIT
//
// The server's side of a BlockRing (idl/block.bidl), for drivers of disks: requests taken and checked, ends, and what a driver does about a device that keeps
// silent. What is done with the device is the driver's.
//
//   bh_block_take -> (refused: ended here)
//        `-> the driver writes commands for its device -> bh_block_sent -> ... -> bh_block_end
//
// Trust: neither side. A request is copied out of the ring once, and all that it says is checked, before the driver sees it. The notes of predecessors are
// trusted with nothing: they say at most that a request fails.
// Context: one thread.
#ifndef BULKHEAD_BLOCK_SERVER_H
#define BULKHEAD_BLOCK_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "block.h"
#include "bulkhead/ring.h"

#define BH_BLOCK_SECTOR 512u

struct bh_block_notes;

struct bh_block_server {
    struct bh_ring ring;
    uint64_t data_address, data_size; // of the ring's buffer, as the device sees it
    // The driver's to fill in before bh_block_serve().
    struct bh_block_info info;
    uint32_t unit;             // bytes: requests begin and end at a multiple of it on the disk
    uint32_t alignment;        // bytes: segments begin at a multiple of it in the buffer
    uint32_t segment_size_max; // bytes
    bool identifies;           // it does IDENTIFY
    uint64_t timeout_ns;       // for which a request may be in flight, 0: for ever (the driver has limits of its own)
    // block_server.c
    uint32_t sizes[BH_RING_ENTRIES_MAX]; // by slot: bytes
    bool ended;                // something, since the client was told last
    bool told_restart;
    // block_patience.c
    struct bh_block_notes *notes;
    uint64_t since_ns[BH_RING_ENTRIES_MAX]; // by slot: when it was first seen in flight, 0: not yet
    bool in_flight[BH_RING_ENTRIES_MAX], blamed[BH_RING_ENTRIES_MAX];
    uint32_t in_flight_count;
    uint64_t next_look_ns;
    bool waited_in_vain;       // the last wait ended without an event
    bool told_lost;            // that an interrupt was
};

// ---- beginning

// Take the server's side of the ring granted as "disk", and see what predecessors noted in the buffer "notes", if one is granted. `server` is zero.
enum bh_error bh_block_attach(struct bh_block_server *server);
// Serve Block with server->info, by the port that the setting "port" names, else "disk-info". Refusals are in the log.
enum bh_error bh_block_serve(struct bh_block_server *server);
// The disk cannot be served: say so. What main() returns then; or, when device `cap` was taken away meanwhile, a crash, not an end: whoever is restarted
// may find it given back.
int bh_block_failed(bh_cap cap, enum bh_error error);

// ---- requests

// The next request that is right; those that are not are ended. False: there is none. From here to bh_block_sent() a death of this domain is noted as the
// request's doing; one that ended three instances is ended with BH_EIO.
bool bh_block_take(struct bh_block_server *server, uint32_t *slot, struct bh_block_request *request);
// That request is looked at again, to send the rest of it.
void bh_block_look_at(struct bh_block_server *server, uint32_t slot);
// What a driver wrote for its device, and what the ring has it do.
struct bh_block_difference {
    const char *what; // in words
    uint64_t made, asked;
};
// Are they the same? False: *difference says so.
static inline bool bh_block_same(const char *what, uint64_t made, uint64_t asked, struct bh_block_difference *difference) {
    if (made == asked)
        return true;
    *difference = (struct bh_block_difference){what, made, asked};
    return false;
}
// The request in `slot` as the client has it in the ring, to compare with. Ends this domain if the slot has another one by now.
const volatile struct bh_block_request *bh_block_entry(const struct bh_block_server *server, uint32_t slot);
// They differ: ends this domain before the device sees it. The next instance gets the request again.
[[noreturn]] void bh_block_differs(const struct bh_block_server *server, uint32_t slot, const struct bh_block_difference *difference);
// The device is about to have it, or a part of it.
void bh_block_sent(struct bh_block_server *server, uint32_t slot);
// The device is done with it.
void bh_block_end(struct bh_block_server *server, uint32_t slot, enum bh_error status);
// Tell the client what has ended, if anything has. The first time after a restart the log says how that went; bhctl and the demonstration read it.
void bh_block_tell(struct bh_block_server *server);
// The bytes that a request in hand moves.
static inline uint32_t bh_block_size(const struct bh_block_server *server, uint32_t slot) {
    return server->sizes[slot];
}

// ---- time

// Sleep until the ring's event, which the device's interrupts are to raise, too; while requests are in flight, for a tenth of a second at most. Panics when
// one has been in flight for too long, which is noted.
void bh_block_wait(struct bh_block_server *server);
// This instance is about to end because of that request, among others perhaps.
void bh_block_blame(struct bh_block_server *server, uint32_t slot);

#endif
