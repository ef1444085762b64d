// SPDX-License-Identifier: MIT
//
// What the NVMe driver's check of its own work notices: every bit of a command and of its list of pages, flipped, and of the ring's entry; for requests of every shape.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define TAG 5u
#define DATA 0x7654320000ull
#define LIST_ADDRESS 0x1234567000ull

alignas(4096) static uint8_t memory[2 * NVME_PAGE];
static volatile uint32_t doorbells[2];
static struct nvme_queue queue;
static uint64_t list[NVME_LIST_MAX];
static struct nvme_facts facts;
static struct bh_block_request request;
static struct bh_block_difference difference;
static uint64_t done; // before the command that is looked at
static uint32_t moves; // bytes that it was made for

// A command that moves less than it was made for is noticed by what comes behind it: the next command, or nvme_check_whole().
static bool is_right(void) {
    uint32_t size;
    difference = (struct bh_block_difference){0};
    uint32_t all = done ? 0 : nvme_check_short(&facts, &queue, TAG, &request);
    if (!nvme_check_sent(&facts, &queue, TAG, list, LIST_ADDRESS, &request, done, &size, &difference)) {
        cr_assert_eq(all, 0, "the short way finds nothing wrong, and the long way %s", difference.what);
        return false;
    }
    cr_assert(!all || (all == size && nvme_check_whole(&request, size, &difference)), "the short way takes it for all of the request");
    if (size != moves)
        difference = (struct bh_block_difference){"the length", size, moves};
    return size == moves;
}

static void each_bit(void *bytes, uint32_t size, const char *what) {
    for (uint32_t bit = 0; bit < 8 * size; bit++) {
        uint8_t *byte = (uint8_t *)bytes + bit / 8;
        *byte ^= (uint8_t)(1u << bit % 8);
        cr_assert_not(is_right(), "bit %u of %s", bit, what);
        cr_assert(difference.what && difference.made != difference.asked, "bit %u of %s: %s", bit, what, difference.what);
        *byte ^= (uint8_t)(1u << bit % 8);
    }
    cr_assert(is_right(), "%s, as before: %s", what, difference.what);
}

static void add(const struct nvme_command *command) {
    nvme_queue_create(&queue, 1, 8, memory, &doorbells[0], &doorbells[1]);
    queue.tail = (uint16_t)(rand() % 8);
    nvme_queue_add(&queue, command, TAG, 0);
    cr_assert(is_right(), "%s: 0x%llx for the device, 0x%llx in the ring", difference.what, (unsigned long long)difference.made,
              (unsigned long long)difference.asked);
    each_bit((void *)&queue.submissions[(queue.tail + 7) % 8], sizeof(*command), "the command");
}

// All commands of the request, as the driver makes them.
static uint32_t send(uint32_t transfer_max) {
    struct nvme_transfer transfer = {.request = &request, .data_address = DATA, .piece_max = transfer_max, .block_size = facts.block_size, .lba = request.lba};
    struct nvme_piece piece;
    uint32_t commands = 0;
    for (uint32_t i = 0; i < request.segment_count; i++)
        transfer.left += request.segments[i].size;
    for (done = 0; transfer.left; done += piece.size, commands++) {
        uint64_t lba = transfer.lba * 512 / facts.block_size;
        cr_assert_eq(nvme_transfer_next(&transfer, &piece), BH_OK);
        struct nvme_command command = {.opcode = request.operation == BH_BLOCK_OPERATION_WRITE ? NVME_WRITE : NVME_READ, .namespace_id = facts.namespace_id,
                                       .words = {(uint32_t)lba, (uint32_t)(lba >> 32), piece.size / facts.block_size - 1}};
        nvme_describe(&piece, list, LIST_ADDRESS, &command);
        moves = piece.size;
        add(&command);
        if (piece.count > 2)
            each_bit(list, (piece.count - 1) * (uint32_t)sizeof(uint64_t), "the list");
    }
    cr_assert(nvme_check_whole(&request, (uint32_t)done, &difference));
    cr_assert_not(nvme_check_whole(&request, (uint32_t)done - 512, &difference));
    return commands;
}

static void make(uint32_t operation, uint32_t block_size, uint32_t count, const uint32_t pieces[][2]) {
    facts = (struct nvme_facts){DATA, block_size, 3};
    request = (struct bh_block_request){.operation = operation, .segment_count = count, .lba = 0x123456788};
    for (uint32_t i = 0; i < count; i++)
        request.segments[i] = (struct bh_block_segment){pieces[i][0], pieces[i][1], 0};
}

Test(nvme_check, every_bit_that_flips_is_noticed) {
    static const uint32_t small[][2] = {{0x1204, 512}}, two_pages[][2] = {{0x1e00, 4096}}, list_of_pages[][2] = {{0x1e00, 40960}},
                          several[][2] = {{0x3000, 8192}, {0x9000, 4096}, {0x20000, 512}, {0x10200, 1024}, {0x10600, 3072}};
    for (uint32_t operation = BH_BLOCK_OPERATION_READ; operation <= BH_BLOCK_OPERATION_WRITE; operation++) {
        make(operation, 512, 1, small);
        cr_assert_eq(send(1 << 19), 1);
        cr_assert_eq(nvme_check_short(&facts, &queue, TAG, &request), 512);
        make(operation, 4096, 1, two_pages);
        cr_assert_eq(send(1 << 19), 1);
        cr_assert_eq(nvme_check_short(&facts, &queue, TAG, &request), 4096);
        make(operation, 512, 1, list_of_pages);
        cr_assert_eq(send(1 << 19), 1);
        make(operation, 4096, 1, list_of_pages);
        cr_assert_eq(send(8192), 5);
        make(operation, 512, 5, several);
        cr_assert_eq(send(1 << 19), 2);
    }
}

Test(nvme_check, a_flush_has_no_place) {
    make(BH_BLOCK_OPERATION_FLUSH, 512, 0, NULL);
    moves = 0;
    add(&(struct nvme_command){.opcode = NVME_FLUSH, .namespace_id = 3});
    cr_assert(nvme_check_whole(&request, 0, &difference));
}

Test(nvme_check, a_copy_that_is_not_what_the_ring_has_is_noticed) {
    static const uint32_t one[][2] = {{0x1e00, 40960}};
    make(BH_BLOCK_OPERATION_WRITE, 512, 1, one);
    cr_assert_eq(send(1 << 19), 1);
    done = 0;
    each_bit(&request.operation, 1, "the operation");
    each_bit(&request.lba, 6, "the sector");
    each_bit(&request.segments[0].offset, sizeof(request.segments[0].offset), "the offset");
    for (uint32_t bit = 0; bit < 32; bit++) { // a longer segment than the command moves is noticed at the end
        uint32_t size;
        request.segments[0].size ^= 1u << bit;
        cr_assert_not(nvme_check_sent(&facts, &queue, TAG, list, LIST_ADDRESS, &request, 0, &size, &difference) && nvme_check_whole(&request, size, &difference),
                      "bit %u of the length", bit);
        request.segments[0].size ^= 1u << bit;
    }
    for (uint32_t bit = 0; bit < 32; bit++) {
        request.segment_count ^= 1u << bit;
        request.segments[1].size = 512;
        uint32_t size;
        cr_assert_not(nvme_check_sent(&facts, &queue, TAG, list, LIST_ADDRESS, &request, 0, &size, &difference) && nvme_check_whole(&request, size, &difference) &&
                      request.segment_count <= BH_BLOCK_SEGMENTS_MAX, "bit %u of the count", bit);
        request.segment_count ^= 1u << bit;
    }
}
