// SPDX-License-Identifier: MIT
//
// A disk with a volatile cache. The platter is the buffer "image", the cache the buffer "cache", where the manifest gives one: both outlive the driver, as a
// device does. What is written stands in the cache until the disk chooses to write it to the platter, block by block and in any order, or is told to flush.
// Invariant, if nothing is broken on purpose: a block reads as it was written last; after a cut as it was flushed, or as of some write since.
#include "medium.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/buffer.h>
#include <bulkhead/domain.h>
#include <bulkhead/settings.h>

#define BLOCKS_MAX 256

// In the buffer "cache".
struct cache {
    uint64_t held_block;    // BREACH_OLD_WRITE: a write that is kept to be done again, of this block plus one; 0: none
    uint64_t held_replaced; // there was a newer one
    uint8_t dirty[BLOCKS_MAX];
    uint8_t held[BLOCK];
    uint8_t blocks[];
};

enum breach breach;
static uint8_t *image, *disk; // `disk' is the image, or what stands before it
static uint64_t image_size;
static struct cache *cache; // NULL: there is none
static struct power *power;

uint32_t medium_chance(uint32_t limit) {
    static uint64_t seed;
    if (!seed)
        seed = bh_time_ns() | 1;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16) % limit;
}

static enum bh_error map(const char *name, uint64_t least, void *address, uint64_t *size) {
    enum bh_error error = bh_buffer_find(name, BH_RIGHT_READ | BH_RIGHT_WRITE, address, size);
    return !error && *size < least ? BH_ERANGE : error;
}

static void choose_breach(void) {
    static const char *const names[] = {[BREACH_EARLY_FLUSH] = "early-flush", [BREACH_OLD_WRITE] = "old-write", [BREACH_LOST_WRITE] = "lost-write", [BREACH_FORGETS] = "forgets"};
    char text[BH_SETTING_SIZE];
    if (!bh_setting("breaks", text, sizeof(text)))
        return;
    for (breach = BREACH_FORGETS; breach && strcmp(text, names[breach]); breach--) {
    }
    if (!breach)
        bh_panic("breaks = \"%s\": there is no such way", text);
}

static uint8_t *platter(uint64_t block) {
    return image + block * BLOCK;
}

// A driver that does once more what it had done before it died, though something newer is there by now.
static void do_old_write(void) {
    if (!cache->held_block || !cache->held_replaced)
        return;
    uint64_t block = cache->held_block - 1;
    memcpy(cache->blocks + block * BLOCK, cache->held, BLOCK);
    cache->dirty[block] = 1;
    cache->held_block = 0;
}

enum bh_error medium_open(void) {
    uint64_t size;
    choose_breach();
    enum bh_error error = map("image", BLOCK, &image, &image_size);
    if (error)
        return error;
    disk = image;
    if (breach == BREACH_FORGETS) { // in the driver's own memory
        disk = malloc(image_size);
        if (disk)
            memcpy(disk, image, image_size);
        return disk ? BH_OK : BH_ENOMEM;
    }
    if (map("cache", sizeof(struct cache) + image_size, &cache, &size) || image_size > BLOCKS_MAX * BLOCK)
        cache = NULL;
    if (cache && breach == BREACH_OLD_WRITE)
        do_old_write();
    return cache ? map("power", sizeof(struct power), &power, &size) : BH_OK;
}

uint64_t medium_sectors(void) {
    return image_size / SECTOR;
}

static enum bh_error check(uint64_t lba, uint32_t size) {
    uint32_t unit = cache ? BLOCK : SECTOR;
    if (size % unit || lba % (unit / SECTOR) || lba > medium_sectors() || size / SECTOR > medium_sectors() - lba)
        return BH_ERANGE;
    return BH_OK;
}

enum bh_error medium_read(uint64_t lba, uint8_t *to, uint32_t size) {
    enum bh_error error = check(lba, size);
    if (error || !cache) {
        if (!error)
            memcpy(to, disk + lba * SECTOR, size);
        return error;
    }
    for (uint64_t block = lba * SECTOR / BLOCK; size; block++, size -= BLOCK, to += BLOCK)
        memcpy(to, cache->dirty[block] ? cache->blocks + block * BLOCK : platter(block), BLOCK);
    return BH_OK;
}

static void write_back(uint64_t block) {
    if (!cache->dirty[block])
        return;
    memcpy(platter(block), cache->blocks + block * BLOCK, BLOCK);
    cache->dirty[block] = 0;
}

static void hold(uint64_t block, const uint8_t *data) {
    if (!cache->held_block) {
        memcpy(cache->held, data, BLOCK);
        cache->held_replaced = 0;
        cache->held_block = block + 1;
    } else if (cache->held_block == block + 1) {
        cache->held_replaced = 1;
    }
}

enum bh_error medium_write(uint64_t lba, const uint8_t *from, uint32_t size) {
    enum bh_error error = check(lba, size);
    if (error || !cache) {
        if (!error)
            memcpy(disk + lba * SECTOR, from, size);
        return error;
    }
    for (uint64_t block = lba * SECTOR / BLOCK; size; block++, size -= BLOCK, from += BLOCK) {
        if (breach == BREACH_OLD_WRITE)
            hold(block, from);
        memcpy(cache->blocks + block * BLOCK, from, BLOCK);
        cache->dirty[block] = 1;
        if (!medium_chance(4)) // some go to the platter of themselves, whichever
            write_back(medium_chance((uint32_t)(image_size / BLOCK)));
    }
    return BH_OK;
}

void medium_flush(void) {
    if (disk != image)
        memcpy(image, disk, image_size);
    if (!cache || breach == BREACH_EARLY_FLUSH)
        return;
    for (uint64_t block = 0; block < image_size / BLOCK; block++)
        write_back(block);
}

void medium_cut(uint32_t epoch) {
    for (uint64_t block = 0; cache && block < image_size / BLOCK; block++) {
        if (medium_chance(2))
            write_back(block);
        cache->dirty[block] = 0;
    }
    if (!power)
        return;
    power->epoch = epoch;
    power->cuts++;
}
