// SPDX-License-Identifier: MIT
//
// What the block driver's check of its own work notices: every bit of a chain that the device would read, flipped, in both layouts of the queue, with descriptors in
// tables and in the queue itself, and in the middle of it and where it turns over. And the ring's entry against the copy that the chain was made from.
#include "blk/blk.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bulkhead/dma.h"
#include "kernel.h"
#include "virtqueue.h"

#define SIZE 8u
#define SLOTS 4u
#define SLOT 2u
#define DATA 0x7654321000ull

static uint8_t common[64], notify[16];
static struct virtio_device device;
static struct virtqueue queue;
static uint8_t *pages; // the queue's
static struct blk_memory memory[SLOTS];
static struct bh_block_request request;
static struct bh_block_difference difference;
static const uint64_t layouts[] = {0, VIRTIO_F_INDIRECT_DESC, VIRTIO_F_RING_PACKED, VIRTIO_F_RING_PACKED | VIRTIO_F_INDIRECT_DESC};
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

volatile uint64_t bh_dma_astray;

enum bh_error device_dma_alloc(bh_cap cap, uint64_t size, uint64_t *address, uint64_t *dma_address) {
    (void)cap;
    pages = calloc(1, size);
    *address = *dma_address = (uint64_t)pages;
    return BH_OK;
}

enum bh_error device_bind_vector(bh_cap cap, uint32_t vector, bh_cap event) {
    (void)cap, (void)vector, (void)event;
    return BH_OK;
}

const char *bh_strerror(enum bh_error error) {
    (void)error;
    return "";
}

void bh_error_log(const char *format, ...) {
    (void)format;
}

static bool is_right(void) {
    difference.what = NULL;
    return check_written(&queue, SLOT, &request, &difference);
}

// A queue that is used up to place `used`, and a request written into it.
static void write_one(uint64_t features, uint32_t used, uint32_t operation, uint32_t segments) {
    const struct blk_places places = {memory, (uint64_t)memory, DATA, (features & VIRTIO_F_INDIRECT_DESC) != 0};
    const uint16_t size = SIZE;
    free(pages);
    queue = (struct virtqueue){0};
    device = (struct virtio_device){.common = common, .notify = notify, .notify_size = sizeof(notify), .features = features};
    memcpy(common + 24, &size, sizeof(size));
    cr_assert_eq(virtqueue_create(&queue, &device, 0, SIZE, 0, 1), BH_OK);
    queue.next_available = queue.next_used = (uint16_t)used;
    memset(memory, 0, sizeof(memory));
    request_open(&places, SLOTS);
    check_open(&places);
    request = (struct bh_block_request){.operation = operation, .segment_count = segments, .lba = 0x123456789};
    for (uint32_t i = 0; i < segments; i++)
        request.segments[i] = (struct bh_block_segment){.offset = 0x10000u * (i + 1), .size = 512u * (i + 1)};
    cr_assert_eq(request_write(&queue, SLOT, &request), BH_OK);
}

static void each_bit(void *bytes, uint32_t size, const char *what) {
    for (uint32_t bit = 0; bit < 8 * size; bit++) {
        uint8_t *byte = (uint8_t *)bytes + bit / 8;
        *byte ^= (uint8_t)(1u << bit % 8);
        cr_assert_not(is_right(), "bit %u of %s", bit, what);
        cr_assert(difference.what && difference.made != difference.asked);
        *byte ^= (uint8_t)(1u << bit % 8);
    }
    cr_assert(is_right(), "%s, as before: %s", what, difference.what);
}

// What the device reads of a descriptor: not where a last one of the split layout would go on, nor what a table of the packed one has for an id.
static void each_bit_of_table(void *table, uint32_t count, bool packed) {
    struct virtq_descriptor *split = table;
    for (uint32_t i = 0; i < count; i++) {
        each_bit(&split[i].address, 12, "a table's address and length");
        each_bit((uint8_t *)&split[i] + (packed ? 14 : 12), 2, "a table's flags");
        if (!packed && i + 1 < count)
            each_bit(&split[i].next, 2, "where a table goes on");
    }
}

static void each_bit_of_split(uint32_t count, bool indirect) {
    struct virtq_descriptor *descriptors = (struct virtq_descriptor *)pages;
    uint16_t *entry = (uint16_t *)&queue.available[2 + queue.next_available % SIZE];
    each_bit(entry, 2, "the queue's entry");
    for (uint32_t i = 0, at = *entry; i < (indirect ? 1 : count); at = descriptors[at].next, i++) {
        each_bit(&descriptors[at].address, 14, "a descriptor");
        if (!indirect && i + 1 < count)
            each_bit(&descriptors[at].next, 2, "where the chain goes on");
    }
}

static void each_bit_of_packed(uint32_t count, bool indirect) {
    struct virtq_packed_descriptor *descriptors = (struct virtq_packed_descriptor *)pages;
    for (uint32_t i = 0; i < (indirect ? 1 : count); i++)
        each_bit(&descriptors[(queue.written_at + i) % SIZE], i ? 16 : 14, "a descriptor");
    each_bit(&queue.written_flags, 2, "the first one's flags");
}

static void flip_all(uint64_t features, uint32_t used, uint32_t operation, uint32_t segments) {
    bool indirect = features & VIRTIO_F_INDIRECT_DESC, packed = features & VIRTIO_F_RING_PACKED;
    write_one(features, used, operation, segments);
    cr_assert(is_right(), "features 0x%llx, at %u, operation %u: %s", (unsigned long long)features, used, operation, difference.what);
    each_bit(&memory[SLOT], BLK_HEADER_SIZE + 1, "the header");
    if (indirect)
        each_bit_of_table((void *)memory[SLOT].table, segments + 2, packed);
    (packed ? each_bit_of_packed : each_bit_of_split)(segments + 2, indirect);
    each_bit(&queue.tag[queue.is_packed ? ((struct virtq_packed_descriptor *)pages)[queue.written_at].id : queue.available[2 + queue.next_available % SIZE]], 4,
             "whose end it is");
}

Test(blk, every_bit_that_flips_is_noticed) {
    for (uint32_t i = 0; i < LAYOUTS; i++)
        for (uint32_t used = 0; used < SIZE; used++) {
            flip_all(layouts[i], used, BH_BLOCK_OPERATION_WRITE, 3);
            flip_all(layouts[i], used, BH_BLOCK_OPERATION_READ, SIZE - 2);
            flip_all(layouts[i], used, BH_BLOCK_OPERATION_FLUSH, 0);
            flip_all(layouts[i], used, BH_BLOCK_OPERATION_IDENTIFY, 1);
        }
}

// The other way round: the copy that the chain was made from was not what the ring has.
Test(blk, a_copy_that_is_not_what_the_ring_has_is_noticed) {
    for (uint32_t i = 0; i < LAYOUTS; i++) {
        write_one(layouts[i], 5, BH_BLOCK_OPERATION_WRITE, 3);
        each_bit(&request, offsetof(struct bh_block_request, segments), "the entry");
        for (uint32_t k = 0; k < 3; k++)
            each_bit(&request.segments[k], offsetof(struct bh_block_segment, pad), "a segment");
    }
}

Test(blk, the_chain_of_another_slot_is_not_taken_for_it) {
    for (uint32_t i = 0; i < LAYOUTS; i++) {
        write_one(layouts[i], 0, BH_BLOCK_OPERATION_WRITE, 1);
        virtqueue_publish(&queue);
        cr_assert_eq(request_write(&queue, SLOT + 1, &request), BH_OK);
        cr_assert_not(is_right(), "another slot's chain");
    }
}

Test(blk, a_driver_that_sends_its_device_astray_is_left_to_the_iommu) {
    bh_dma_astray = 0x4000000000;
    write_one(0, 0, BH_BLOCK_OPERATION_WRITE, 2);
    cr_assert(is_right(), "%s", difference.what);
}

Test(blk, a_request_that_is_not_offered_is_none_that_a_device_knows) {
    write_one(VIRTIO_F_INDIRECT_DESC, 0, BH_BLOCK_OPERATION_WRITE, 1);
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        cr_assert_eq(memory[slot].type, slot == SLOT ? BLK_OUT : BLK_NOTHING);
    request_retire(SLOT);
    cr_assert_eq(memory[SLOT].type, BLK_NOTHING);
    cr_assert(!is_right() && difference.made == BLK_NOTHING);
}

Test(blk, every_bit_that_flips_while_the_device_works_is_noticed) {
    const uint32_t segments = 3;
    for (uint32_t i = 0; i < LAYOUTS; i++) {
        write_one(layouts[i], 0, BH_BLOCK_OPERATION_WRITE, segments);
        cr_assert(is_right() && check_kept(SLOT));
        memory[SLOT].status = BLK_OK;
        cr_assert(check_kept(SLOT), "the device says how it ended");
        uint32_t table = layouts[i] & VIRTIO_F_INDIRECT_DESC ? (segments + 2) * (uint32_t)sizeof(struct virtq_descriptor) : 0;
        for (uint32_t byte = 0; byte < BLK_HEADER_SIZE + table; byte++)
            for (uint32_t bit = 0; bit < 8; bit++) {
                uint8_t *at = byte < BLK_HEADER_SIZE ? (uint8_t *)&memory[SLOT] + byte : (uint8_t *)memory[SLOT].table + byte - BLK_HEADER_SIZE;
                *at ^= (uint8_t)(1u << bit);
                cr_assert_not(check_kept(SLOT), "bit %u of byte %u", bit, byte);
                *at ^= (uint8_t)(1u << bit);
            }
    }
}

Test(blk, a_queue_that_another_thread_has_selected_stays_so) {
    for (int selecting = 0; selecting < 2; selecting++) {
        write_one(0, 0, BH_BLOCK_OPERATION_READ, 1);
        device.selecting = selecting;
        common[22] = 7; // queue_select
        notify[0] = notify[1] = 0xff;
        virtqueue_remind(&queue);
        cr_assert_eq(common[22], selecting ? 7 : 0);
        cr_assert(!notify[0] && !notify[1], "the device is reminded all the same");
        cr_assert_eq(device.selecting, selecting);
    }
}

// What the device may have done is not what was asked: of descriptors that stand in a split queue each bit counts until the end, and then nothing is left in them.
Test(blk, a_descriptor_that_changes_before_its_end_is_noticed_then) {
    for (uint32_t bit = 0; bit <= 8 * sizeof(struct virtq_descriptor); bit++)
        for (uint32_t i = 0; i < LAYOUTS; i++) {
            uint32_t tag, written;
            if (layouts[i] & VIRTIO_F_RING_PACKED) // the device writes over them
                continue;
            write_one(layouts[i], 0, BH_BLOCK_OPERATION_READ, 2);
            virtqueue_publish(&queue);
            uint16_t id = queue.available[2];
            bool same = bit == 8 * sizeof(struct virtq_descriptor);
            if (!same)
                ((uint8_t *)&queue.descriptors[id])[bit / 8] ^= (uint8_t)(1u << bit % 8);
            ((volatile uint32_t *)(queue.used + 2))[0] = id;
            queue.used[1] = 1;
            cr_assert_eq(virtqueue_take(&queue, &tag, &written), same ? BH_OK : BH_EPROTO, "bit %u, layout %u", bit, i);
            cr_assert_eq(queue.descriptors[id].size, 0);
        }
}
