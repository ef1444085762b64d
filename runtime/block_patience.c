// SPDX-License-Identifier: MIT
//
// What a disk's driver does about a device that keeps silent. While requests are in flight it looks every POLL_NS whether an interrupt was lost. A request that
// is in flight for longer than server->timeout_ns ends this instance: the kernel resets the device, and the next instance gets the request again. One that has
// ended TRIES instances is answered with BH_EIO, so that the others go on. That count, and which request is being looked at, stand in the buffer "notes" of the
// manifest, which outlives instances; without one a request is tried for ever. Nothing in the notes is trusted: they say at most that a request fails.
#include <string.h>

#include "bulkhead/domain.h"
#include "runtime/block_sides.h"

#define POLL_NS 100000000ull
#define TRIES 3u
#define MAGIC 0x7061746965746573ull

struct note {
    uint64_t sequence; // of the request in that slot
    uint32_t times;    // that it ended an instance
};

struct bh_block_notes {
    uint64_t magic;
    uint32_t looking; // slot of the request that is being looked at, plus one
    struct note notes[BH_RING_ENTRIES_MAX];
};

void block_patience_open(struct bh_block_server *server) {
    static struct bh_block_notes own;
    void *address;
    uint64_t size;
    server->notes = &own;
    if (bh_buffer_find("notes", BH_RIGHT_READ | BH_RIGHT_WRITE, &address, &size) || size < sizeof(own))
        return;
    struct bh_block_notes *notes = server->notes = address;
    if (notes->magic != MAGIC)
        memset(notes, 0, sizeof(*notes));
    notes->magic = MAGIC;
    uint32_t looking = notes->looking;
    if (looking && looking <= BH_RING_ENTRIES_MAX)
        notes->notes[looking - 1].times++; // the predecessor ended over it
    notes->looking = 0;
}

bool block_patience_allows(struct bh_block_server *server, uint32_t slot) {
    struct note *note = &server->notes->notes[slot];
    if (note->sequence != server->ring.sequences[slot])
        *note = (struct note){.sequence = server->ring.sequences[slot]};
    if (note->times >= TRIES) {
        bh_error_log("request %llu ended %u instances: it fails", (unsigned long long)note->sequence, note->times);
        return false;
    }
    server->notes->looking = slot + 1;
    return true;
}

void bh_block_look_at(struct bh_block_server *server, uint32_t slot) {
    server->notes->looking = slot + 1;
}

void bh_block_sent(struct bh_block_server *server, uint32_t slot) {
    server->notes->looking = 0;
    if (server->in_flight[slot])
        return;
    server->in_flight[slot] = true;
    server->in_flight_count++;
    server->since_ns[slot] = 0;
}

void block_patience_end(struct bh_block_server *server, uint32_t slot) {
    server->notes->looking = 0;
    server->in_flight_count -= server->in_flight[slot];
    server->in_flight[slot] = false;
}

void bh_block_blame(struct bh_block_server *server, uint32_t slot) {
    server->notes->notes[slot].times += !server->blamed[slot];
    server->blamed[slot] = true;
}

static void look(struct bh_block_server *server, uint64_t now) {
    uint64_t oldest = now;
    uint32_t late = 0;
    for (uint32_t slot = 0; slot < server->ring.info.entry_count; slot++) {
        if (!server->in_flight[slot])
            continue;
        uint64_t *since = &server->since_ns[slot];
        if (!*since)
            *since = now;
        oldest = *since < oldest ? *since : oldest;
        if (now - *since < server->timeout_ns)
            continue;
        bh_block_blame(server, slot);
        late++;
    }
    if (late)
        bh_panic("the device has not answered %u of %u requests for %llu ms", late, server->in_flight_count, (unsigned long long)((now - oldest) / 1000000));
}

// Until when to wait for the next event, 0: nothing is in flight.
static uint64_t deadline(struct bh_block_server *server) {
    if (!server->in_flight_count)
        return 0;
    uint64_t now = bh_time_ns();
    if (server->timeout_ns && now >= server->next_look_ns) {
        look(server, now);
        server->next_look_ns = now + POLL_NS;
    }
    return now + POLL_NS;
}

void bh_block_wait(struct bh_block_server *server) {
    enum bh_error error = bh_event_wait(server->ring.info.submit_event, deadline(server));
    if (error && error != BH_ETIMEDOUT)
        bh_panic("there is no waiting for work: %s", bh_strerror(error));
    server->waited_in_vain = error == BH_ETIMEDOUT;
}
