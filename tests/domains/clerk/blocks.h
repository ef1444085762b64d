// SPDX-License-Identifier: MIT
//
// What may stand in each block of the clerk's disk, and the verdict on what does. A write gives a block the next version; what a version looks like is known.
#ifndef CLERK_BLOCKS_H
#define CLERK_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

enum { BLOCK = 4096, BLOCKS = 128 };

// What is known of all blocks when a flush is submitted: the flush covers that.
struct covered {
    uint64_t versions[BLOCKS];
    uint64_t cuts; // of the power until then
};

void blocks_open(void);
// Has nobody an idea what is there? Then only a write makes sense.
bool blocks_unknown(uint32_t block);
uint64_t blocks_next_version(uint32_t block);
void blocks_fill(void *data, uint32_t block, uint64_t version); // version 0: what no version looks like

// Before each completion that is taken is told below: has the power gone? `epoch' is the ring's: an answer of the epoch in which it went may be of before.
void blocks_look_at_power(uint32_t epoch);
uint64_t blocks_cuts(void);
void blocks_written(uint32_t block, uint64_t version);
void blocks_write_failed(uint32_t block);
// False, and told: it may not be so. `cuts' until the read was submitted.
bool blocks_read(const void *data, uint32_t block, uint64_t cuts);
void blocks_cover(struct covered *covered);
void blocks_flushed(const struct covered *covered);

#endif
