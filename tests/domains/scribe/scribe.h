// SPDX-License-Identifier: MIT
//
// What the parts of the scribe share: the disk, its ring, and what should stand on the disk.
#ifndef SCRIBE_H
#define SCRIBE_H

#include "../expect.h"
#include "block.h"

#define SECTOR 512u
#define AREA_SIZE (256u << 10) // of the ring's buffer, for one request
#define SLOTS 32u
#define SECTORS_MAX (64u << 10)

struct scribe {
    struct bh_ring ring;
    struct bh_block_info info;
    uint8_t *window; // the ring's buffer
    uint64_t window_size;
    uint32_t sectors, unit;         // of the disk; sectors in a block
    uint32_t version[SECTORS_MAX];  // of what stands in each sector, 0: zeros
    uint32_t seed;
};
extern struct scribe scribe;

uint32_t scribe_random(uint32_t below);
// What version `version` of sector `lba` looks like.
void scribe_fill(uint8_t *to, uint32_t lba, uint32_t version);
bool scribe_is(const uint8_t *have, uint32_t lba, uint32_t version);
// One request by itself, waited for: its status.
enum bh_error scribe_one(const struct bh_block_request *request);

// Requests that a driver must refuse, and that leave no trace.
void refusals(void);
// Requests as long as the interface lets them be.
void giants(void);
// Many requests at a time in random pieces; the driver dies `deaths` times meanwhile.
void load(uint32_t requests, uint32_t deaths, uint32_t driver);

#endif
