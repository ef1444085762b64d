// SPDX-License-Identifier: MIT
//
// What a driver does about a device that keeps silent. While requests are in flight it looks every POLL_NS whether an interrupt was lost. A request that is in
// flight for longer than `timeout_ms' (a setting, 5000) ends this instance: the kernel resets the device, and the next instance gets the request again. One that
// has ended TRIES instances is answered with BH_EIO, so that the others go on. That count, and which request is being looked at, stand in the buffer "notes" of
// the manifest, which outlives instances; without one a request is tried for ever. Nothing in the notes is trusted: they say at most that a request fails.
#include "patience.h"

#include <stdlib.h>
#include <string.h>

#include <bulkhead/buffer.h>
#include <bulkhead/domain.h>

#include "kernel.h"

#define POLL_NS 100000000ull
#define TIMEOUT_MS 5000u
#define TIMEOUT_MS_MIN 200u
#define TRIES 3u
#define MAGIC 0x7061746965746573ull

struct note {
    uint64_t sequence; // of the request in that slot
    uint32_t times;    // that it ended an instance
};

struct notes {
    uint64_t magic;
    uint32_t looking; // slot of the request that is being looked at, plus one
    struct note notes[BH_RING_ENTRIES_MAX];
};

static struct notes own, *notes = &own;
static uint64_t since_ns[BH_RING_ENTRIES_MAX]; // by slot: when it was first seen in flight, 0: not yet
static bool in_flight[BH_RING_ENTRIES_MAX];
static uint32_t count;
static uint64_t timeout_ns = TIMEOUT_MS * 1000000ull;
static bool told;

static void read_timeout(void) {
    char text[480];
    bh_cap settings;
    if (bh_cap_find("settings", &settings) || settings_get(settings, "timeout_ms", text))
        return;
    unsigned long value = strtoul(text, NULL, 10);
    if (value < TIMEOUT_MS_MIN) {
        bh_warn("timeout_ms = %s: less than %u is no time for a disk; that is taken", text, TIMEOUT_MS_MIN);
        value = TIMEOUT_MS_MIN;
    }
    timeout_ns = value * 1000000ull;
}

void patience_open(void) {
    struct bh_buffer_info info;
    void *address;
    bh_cap buffer;
    read_timeout();
    if (bh_cap_find("notes", &buffer) || bh_buffer_info(buffer, &info) || info.size < sizeof(struct notes) ||
        bh_buffer_map(buffer, BH_RIGHT_READ | BH_RIGHT_WRITE, &address))
        return;
    notes = address;
    if (notes->magic != MAGIC)
        memset(notes, 0, sizeof(*notes));
    notes->magic = MAGIC;
    uint32_t looking = notes->looking;
    if (looking && looking <= BH_RING_ENTRIES_MAX)
        notes->notes[looking - 1].times++; // the predecessor ended over it
    notes->looking = 0;
}

bool patience_allows(const struct bh_ring *ring, uint32_t slot) {
    struct note *note = &notes->notes[slot];
    if (note->sequence != ring->sequences[slot])
        *note = (struct note){.sequence = ring->sequences[slot]};
    if (note->times >= TRIES) {
        bh_error_log("request %llu ended %u instances: it fails", (unsigned long long)note->sequence, note->times);
        return false;
    }
    notes->looking = slot + 1;
    return true;
}

void patience_begin(uint32_t slot) {
    notes->looking = 0;
    count += !in_flight[slot];
    in_flight[slot] = true;
    since_ns[slot] = 0;
}

void patience_end(uint32_t slot) {
    notes->looking = 0;
    count -= in_flight[slot];
    in_flight[slot] = false;
}

static void look(const struct bh_ring *ring, uint64_t now) {
    uint64_t oldest = now;
    uint32_t late = 0;
    for (uint32_t slot = 0; slot < ring->info.entry_count; slot++) {
        if (!in_flight[slot])
            continue;
        if (!since_ns[slot])
            since_ns[slot] = now;
        oldest = since_ns[slot] < oldest ? since_ns[slot] : oldest;
        if (now - since_ns[slot] < timeout_ns)
            continue;
        notes->notes[slot].times++;
        late++;
    }
    if (late)
        bh_panic("the device has not answered %u of %u requests for %llu ms", late, count, (unsigned long long)((now - oldest) / 1000000));
}

uint64_t patience_deadline(const struct bh_ring *ring) {
    static uint64_t next_look_ns;
    if (!count)
        return 0;
    uint64_t now = bh_time_ns();
    if (now >= next_look_ns) {
        look(ring, now);
        next_look_ns = now + POLL_NS;
    }
    return now + POLL_NS;
}

void patience_found(void) {
    if (!told)
        bh_warn("the device ended a request, and its interrupt did not come; looked for every %llu ms", POLL_NS / 1000000);
    told = true;
}
