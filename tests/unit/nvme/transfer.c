// SPDX-License-Identifier: MIT
//
// How requests are cut into commands: every byte once, in order, in the form that PRPs have. Random requests; the seed is fixed.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "drivers/nvme/nvme.h"

#define BASE 0x10000000ull

static uint32_t below(uint32_t limit) {
    return (uint32_t)random() % limit;
}

// The address that byte `n` of the request has.
static uint64_t address_of(const struct bh_block_request *request, uint64_t n) {
    const struct bh_block_segment *segment = request->segments;
    while (n >= segment->size)
        n -= segment++->size;
    return BASE + segment->offset + n;
}

static void check_piece(const struct bh_block_request *request, const struct nvme_piece *piece, uint64_t done) {
    uint64_t at = 0;
    for (uint32_t i = 0; i < piece->count; i++) {
        uint64_t address = piece->entries[i], room = NVME_PAGE - address % NVME_PAGE;
        cr_assert(address % (i ? NVME_PAGE : 4) == 0, "entry %u of %u is 0x%llx", i, piece->count, (unsigned long long)address);
        for (uint64_t k = 0; k < room && at < piece->size; k += 4, at += 4)
            cr_assert_eq(address + k, address_of(request, done + at), "byte %llu", (unsigned long long)(done + at));
    }
    cr_assert_eq(at, piece->size, "%llu bytes named of %u", (unsigned long long)at, piece->size);
}

static uint32_t make(struct bh_block_request *request, uint32_t unit) {
    uint32_t at = below(1024) * 4, total = 0;
    request->segment_count = 1 + below(BH_BLOCK_SEGMENTS_MAX);
    for (uint32_t i = 0; i < request->segment_count; i++) {
        uint32_t chance = below(4), blocks = chance == 0 ? 1 + below(300) : 1 + below(12);
        at = chance == 1 ? (at + NVME_PAGE - 1) & ~(NVME_PAGE - 1) : chance == 2 ? at : at + below(2000) * 4;
        request->segments[i] = (struct bh_block_segment){.offset = at, .size = blocks * unit};
        at += blocks * unit;
        total += blocks * unit;
    }
    return total;
}

static void cut(uint32_t unit, uint64_t most) {
    struct bh_block_request request = {.operation = BH_BLOCK_OPERATION_WRITE};
    for (int round = 0; round < 500; round++) {
        uint32_t total = make(&request, unit);
        struct nvme_transfer transfer = {.request = &request, .data_address = BASE, .piece_max = most, .block_size = unit, .left = total};
        struct nvme_piece piece;
        uint64_t done = 0;
        cr_assert_eq(nvme_transfer_check(transfer), BH_OK, "it can be cut");
        while (transfer.left) {
            cr_assert_eq(transfer.lba * 512, done, "place on the disk");
            cr_assert_eq(nvme_transfer_next(&transfer, &piece), BH_OK, "the next piece");
            cr_assert(piece.size && piece.size <= most && piece.size % unit == 0, "a piece of %u bytes", piece.size);
            check_piece(&request, &piece, done);
            done += piece.size;
        }
        cr_assert_eq(done, total, "all of it");
    }
}

Test(transfer, requests_of_512_byte_blocks_in_pieces_of_512_KiB) {
    cut(512, 512 << 10);
}

Test(transfer, requests_of_512_byte_blocks_in_pieces_of_4_KiB) {
    cut(512, 4096);
}

Test(transfer, requests_of_4096_byte_blocks_in_pieces_of_8_KiB) {
    cut(4096, 8192);
}

Test(transfer, pages_one_behind_the_other_are_one_command) {
    struct bh_block_request request = {.segment_count = 3, .segments = {{3584, 512, 0}, {8192, 4096, 0}, {4096, 512, 0}}};
    struct nvme_transfer transfer = {.request = &request, .data_address = BASE, .piece_max = 65536, .block_size = 512, .left = 5120};
    struct nvme_piece piece;
    cr_assert_eq(nvme_transfer_next(&transfer, &piece), BH_OK, "the first");
    cr_assert_eq(piece.size, 5120, "is the only one");
}

Test(transfer, a_block_in_two_places_inside_pages_cannot_be_cut) {
    struct bh_block_request request = {.segment_count = 2, .segments = {{0, 2048, 0}, {8192, 2048, 0}}};
    struct nvme_transfer transfer = {.request = &request, .data_address = BASE, .piece_max = 65536, .block_size = 4096, .left = 4096};
    cr_assert_eq(nvme_transfer_check(transfer), BH_EINVAL, "refused");
}
