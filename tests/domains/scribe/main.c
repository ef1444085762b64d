// SPDX-License-Identifier: MIT
//
// Tests whoever serves Block and a BlockRing: writes, reads back and compares, in every shape that a request may have, and breaks the
// driver in between. Powers off with status 0 when nothing was lost; then the log has the checksum of what must stand on the disk.
// Settings: requests, deaths, seed, driver (the name of the domain that serves).
#include "scribe.h"

#include <stdlib.h>
#include <string.h>

#define COMPLETION_LIMIT_NS 30000000000ull
#define ADLER 65521u

struct scribe scribe;
bh_cap system_cap;

uint32_t scribe_random(uint32_t below) {
    scribe.seed ^= scribe.seed << 13;
    scribe.seed ^= scribe.seed >> 17;
    scribe.seed ^= scribe.seed << 5;
    return scribe.seed % below;
}

static uint32_t word(uint32_t lba, uint32_t version, uint32_t i) {
    uint32_t x = (lba * 2654435761u) ^ (version * 2246822519u) ^ (i * 3266489917u);
    return version ? x ^ x >> 15 : 0;
}

void scribe_fill(uint8_t *to, uint32_t lba, uint32_t version) {
    for (uint32_t i = 0; i < SECTOR / 4; i++)
        memcpy(to + 4 * i, &(uint32_t){word(lba, version, i)}, 4);
}

bool scribe_is(const uint8_t *have, uint32_t lba, uint32_t version) {
    uint8_t want[SECTOR];
    scribe_fill(want, lba, version);
    return memcmp(have, want, SECTOR) == 0;
}

enum bh_error scribe_one(const struct bh_block_request *request) {
    enum bh_error status, error;
    uint32_t slot, ended;
    EXPECT_OK(bh_ring_submit(&scribe.ring, request, &slot));
    bh_ring_submit_notify(&scribe.ring);
    while ((error = bh_ring_complete(&scribe.ring, &ended, &status, NULL)) == BH_EAGAIN || error == BH_EPROTO)
        EXPECT_OK(bh_ring_wait_completion(&scribe.ring, bh_time_ns() + COMPLETION_LIMIT_NS));
    EXPECT_OK(error);
    EXPECT(ended == slot, "slot %u ended, not %u", ended, slot);
    return status;
}

static uint32_t number(const char *name) {
    char text[BH_SETTING_SIZE];
    EXPECT_SETTING(name, text);
    return (uint32_t)strtoul(text, NULL, 10);
}

static void open_disk(void) {
    bh_cap port;
    void *window;
    uint64_t until = bh_time_ns() + BH_SERVER_WAIT_NS;
    enum bh_error error;
    EXPECT_OK(bh_ring_attach("disk", &scribe.ring));
    EXPECT_OK(bh_cap_find("disk-info", &port));
    while ((error = block_info(port, &scribe.info)) == BH_EDEAD && bh_time_ns() < until)
        bh_sleep_for(10000000);
    EXPECT_OK(error);
    EXPECT_OK(bh_buffer_open(scribe.ring.info.buffer, BH_RIGHT_READ | BH_RIGHT_WRITE, &window, &scribe.window_size));
    scribe.window = window;
    EXPECT(scribe.window_size >= (uint64_t)SLOTS * AREA_SIZE, "a buffer of %llu bytes", (unsigned long long)scribe.window_size);
    EXPECT(scribe.info.sector_count && scribe.info.sector_count <= SECTORS_MAX, "%llu sectors", (unsigned long long)scribe.info.sector_count);
    scribe.sectors = (uint32_t)scribe.info.sector_count;
    scribe.unit = scribe.info.block_size / SECTOR;
}

// Adler-32 of all sectors as they should be.
static uint32_t checksum(void) {
    uint8_t bytes[SECTOR];
    uint32_t a = 1, b = 0;
    for (uint32_t lba = 0; lba < scribe.sectors; lba++) {
        scribe_fill(bytes, lba, scribe.version[lba]);
        for (uint32_t i = 0; i < SECTOR; i++) {
            a = (a + bytes[i]) % ADLER;
            b = (b + a) % ADLER;
        }
    }
    return b << 16 | a;
}

int main(void) {
    char name[BH_SETTING_SIZE];
    uint32_t driver;
    struct bh_domain_info info;
    if (bh_cap_find("system", &system_cap))
        bh_panic("needs system");
    EXPECT_SETTING("driver", name);
    EXPECT_OK(system_domain_find(system_cap, name, &driver));
    scribe.seed = number("seed");
    open_disk();
    refusals();
    if (!scribe.info.read_only) {
        giants();
        load(number("requests"), number("deaths"), driver);
    }
    EXPECT_OK(system_domain_info(system_cap, driver, &info));
    bh_info("ok: %u restarts of %s, blocks of %u bytes, checksum %08x", info.restarts, name, scribe.info.block_size, checksum());
    (void)system_power_off(system_cap, 0);
    bh_thread_exit();
}
