// SPDX-License-Identifier: MIT
//
// Which versions may be read of a block: as long as the power stays, the last one that was acknowledged and no other; after a cut one from the last that was
// flushed to that one, the same at each read. Each breach has a name: a torn block, a write that came back over a newer one, one that was lost, one that was
// flushed and lost. Where the manifest grants no buffer "power", it stays.
#include "blocks.h"

#include <stdatomic.h>

#include <bulkhead/buffer.h>
#include <bulkhead/domain.h>

#include "../ramdisk/medium.h"

#define SPREAD 0x9e3779b97f4a7c15ull // odd: it can be undone
#define WORDS (BLOCK / 8)
#define TORN UINT64_MAX

static struct block {
    uint64_t newest;    // version that was given to a write
    uint64_t low, high; // what may be read; 0: unknown
    uint64_t seen;      // the last one that was read since the power went
    uint64_t durable;   // what was flushed, at least
    bool cut;           // the power has gone since the last write
    uint64_t failed;    // the newest version when a write failed or a breach was found: what was flushed of earlier ones says nothing any more
} blocks[BLOCKS];

static const struct power *power;
static uint64_t cuts;
static bool in_doubt; // the completion at hand may be of before the last cut

void blocks_open(void) {
    void *address;
    uint64_t size;
    if (bh_buffer_find("power", BH_RIGHT_READ, &address, &size) || size < sizeof(struct power))
        return;
    power = address;
}

bool blocks_unknown(uint32_t block) {
    return !blocks[block].high;
}

uint64_t blocks_next_version(uint32_t block) {
    return ++blocks[block].newest;
}

static uint64_t word_of(uint32_t block, uint64_t version, uint32_t index) {
    return (version << 20 | (uint64_t)block << 9 | index) * SPREAD;
}

void blocks_fill(void *data, uint32_t block, uint64_t version) {
    uint64_t *words = data;
    for (uint32_t i = 0; i < WORDS; i++)
        words[i] = word_of(block, version, i);
}

// The version that it is; 0: it was never written, TORN: it is none.
static uint64_t version_of(const uint64_t *words, uint32_t block) {
    uint64_t inverse = SPREAD; // by Newton's method
    for (int i = 0; i < 6; i++)
        inverse *= 2 - SPREAD * inverse;
    uint64_t version = words[0] * inverse >> 20;
    bool empty = !words[0];
    for (uint32_t i = 0; i < WORDS; i++)
        if (words[i] != (empty ? 0 : word_of(block, version, i)))
            return TORN;
    return version;
}

void blocks_look_at_power(uint32_t epoch) {
    if (!power)
        return;
    uint64_t now = power->cuts;
    if (now != cuts)
        for (struct block *block = blocks; block < blocks + BLOCKS; block++) {
            block->low = block->low > block->durable ? block->durable : block->low;
            block->seen = 0;
            block->cut = true;
            if (!block->durable) // it may be as it was before anything was flushed
                block->low = block->high = 0;
        }
    cuts = now;
    in_doubt = cuts && epoch <= power->epoch;
}

uint64_t blocks_cuts(void) {
    return cuts;
}

void blocks_written(uint32_t block, uint64_t version) {
    blocks[block].high = version;
    blocks[block].low = in_doubt ? blocks[block].durable : version;
    blocks[block].seen = 0;
    blocks[block].cut = in_doubt;
    if (!blocks[block].low)
        blocks[block].high = 0;
}

void blocks_write_failed(uint32_t block) {
    blocks[block] = (struct block){.newest = blocks[block].newest, .failed = blocks[block].newest};
}

static const char *verdict(const struct block *block, uint64_t version) {
    if (version == TORN)
        return "is torn, or of another block";
    if (version > block->high)
        return "holds what was not written yet";
    if (version >= block->low)
        return NULL;
    if (block->seen > version)
        return "is older than it was read: an old write came back";
    return block->cut ? "lost a write that was flushed" : "lost a write that was acknowledged";
}

bool blocks_read(const void *data, uint32_t number, uint64_t cuts_before) {
    struct block *block = &blocks[number];
    uint64_t version = version_of(data, number);
    if (in_doubt || !block->high)
        return true;
    const char *wrong = verdict(block, version);
    if (wrong) {
        bh_error_log("block %u %s: version %llu, not %llu to %llu", number, wrong, (unsigned long long)version, (unsigned long long)block->low,
                     (unsigned long long)block->high);
        blocks_write_failed(number); // one breach is told once
        return false;
    }
    if (cuts_before == cuts)
        block->low = block->high = block->seen = version;
    return true;
}

void blocks_cover(struct covered *covered) {
    for (uint32_t i = 0; i < BLOCKS; i++)
        covered->versions[i] = blocks[i].low;
    covered->cuts = cuts;
}

void blocks_flushed(const struct covered *covered) {
    if (in_doubt || covered->cuts != cuts)
        return; // it may have been flushed when the power had taken it already
    for (uint32_t i = 0; i < BLOCKS; i++)
        if (covered->versions[i] > blocks[i].durable && covered->versions[i] > blocks[i].failed)
            blocks[i].durable = covered->versions[i];
}
