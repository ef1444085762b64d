// SPDX-License-Identifier: MIT
//
// Single requests: those that must be refused, each with its error, and the longest ones.
#include <string.h>

#include "scribe.h"

#define GIANT_LBA 64u

static struct bh_block_request request(enum bh_block_operation operation, uint64_t lba, uint64_t offset, uint32_t size) {
    return (struct bh_block_request){.operation = operation, .segment_count = 1, .lba = lba, .segments = {{.offset = offset, .size = size}}};
}

static void refuse(const char *what, struct bh_block_request wrong, enum bh_error expected) {
    enum bh_error status = scribe_one(&wrong);
    EXPECT(status == expected, "%s: %s, not %s", what, bh_strerror(status), bh_strerror(expected));
}

void refusals(void) {
    uint32_t block = scribe.info.block_size;
    enum bh_block_operation read = BH_BLOCK_OPERATION_READ, write = BH_BLOCK_OPERATION_WRITE, flush = BH_BLOCK_OPERATION_FLUSH;
    struct bh_block_request many = request(read, 0, 0, block);
    many.segment_count = BH_BLOCK_SEGMENTS_MAX + 1;
    refuse("too many segments", many, BH_ERANGE);
    refuse("an unknown operation", request((enum bh_block_operation)77, 0, 0, block), BH_ENOTSUP);
    refuse("no bytes", request(read, 0, 0, 0), BH_EINVAL);
    refuse("half a sector", request(read, 0, 0, 256), BH_EINVAL);
    refuse("a buffer that ends before", request(read, 0, scribe.window_size - block + SECTOR, block), BH_ERANGE);
    refuse("an offset past all", request(read, 0, UINT64_MAX - 511, block), BH_ERANGE);
    refuse("the end of the disk", request(read, scribe.sectors, 0, block), BH_ERANGE);
    refuse("across the end", request(read, scribe.sectors - scribe.unit, 0, 2 * block), BH_ERANGE);
    refuse("an lba past all", request(read, UINT64_MAX - scribe.unit + 1, 0, block), BH_ERANGE);
    refuse("a flush with data", request(flush, 0, 0, block), BH_EINVAL);
    if (scribe.info.read_only)
        refuse("a write to a disk that is read only", request(write, 0, 0, block), BH_EREADONLY);
    if (block > SECTOR) {
        refuse("half a block", request(write, 0, 0, block / 2), BH_EINVAL);
        refuse("a block across two", request(write, 1, 0, block), BH_EINVAL);
    }
    for (uint32_t i = 0; i < 3; i++) {
        struct bh_block_request last = request(read, scribe.sectors - scribe.unit, i * AREA_SIZE, block);
        EXPECT_OK(scribe_one(&last));
    }
}

static void check_giant(uint32_t sectors, uint32_t version) {
    for (uint32_t i = 0; i < sectors; i++)
        EXPECT(scribe_is(scribe.window + i * SECTOR, GIANT_LBA + i, version), "a long request: sector %u is wrong", GIANT_LBA + i);
}

void giants(void) {
    uint32_t size = 3u << 20, sectors = size / SECTOR, part = size / 24;
    for (uint32_t i = 0; i < sectors; i++) {
        scribe_fill(scribe.window + i * SECTOR, GIANT_LBA + i, 1);
        scribe.version[GIANT_LBA + i] = 1;
    }
    struct bh_block_request one = request(BH_BLOCK_OPERATION_WRITE, GIANT_LBA, 0, size);
    EXPECT_OK(scribe_one(&one));
    memset(scribe.window, 0xa5, size);
    struct bh_block_request cut = {.operation = BH_BLOCK_OPERATION_READ, .segment_count = size / part, .lba = GIANT_LBA};
    for (uint32_t i = 0; i < cut.segment_count; i++) // in another order than on the disk
        cut.segments[i] = (struct bh_block_segment){.offset = (cut.segment_count - 1 - i) * (uint64_t)part, .size = part};
    EXPECT_OK(scribe_one(&cut));
    for (uint32_t i = 0; i < sectors; i++) {
        uint32_t segment = i / (part / SECTOR), within = i % (part / SECTOR);
        EXPECT(scribe_is(scribe.window + cut.segments[segment].offset + within * SECTOR, GIANT_LBA + i, 1), "sector %u is wrong", i);
    }
    one.operation = BH_BLOCK_OPERATION_READ;
    EXPECT_OK(scribe_one(&one));
    check_giant(sectors, 1);
}
