// SPDX-License-Identifier: MIT
//
// What the network driver makes of what a device says about frames: headers, lengths and numbers of buffers that cannot be. The queue below (virtqueue.c has its own
// test) and the rings above are this test's: a queue that ends what it is told to, rings that remember what was completed.
#include "drivers/virtio/net/card.h"

#include <criterion/criterion.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 32u
#define SIZE 2048u
#define DATA 0x100000ull

struct card card;
static struct pair *pair = &card.pairs[0];
static struct receive_memory memory[SLOTS];
static struct transmit_memory sending[SLOTS];
static jmp_buf broken;
static bool broke;
static uint32_t offered[SLOTS], offers;  // how often each slot was given to the device
static struct bh_net_receive_completion done[SLOTS];
static enum bh_error status_of[SLOTS];
static uint32_t done_count, order[SLOTS];
static struct { uint32_t slot, written; } ends[SLOTS]; // what the device ends, in this order
static uint32_t end_count, end_next;
static struct bh_net_receive_request posts[SLOTS];
static struct bh_net_transmit_request frames[4];
static uint32_t post_count, post_next, frame_count, frame_next;
static struct virtio_segment last[32];
static uint32_t last_count;

// ---- the queue

enum bh_error virtqueue_add(struct virtqueue *queue, const struct virtio_segment *segments, uint32_t count, volatile struct virtq_descriptor *table,
                            uint64_t table_address, uint32_t tag) {
    (void)queue, (void)table, (void)table_address;
    cr_assert_lt(tag, SLOTS);
    cr_assert_leq(count, 32);
    offered[tag]++;
    offers++;
    memcpy(last, segments, count * sizeof(*segments));
    last_count = count;
    return BH_OK;
}

enum bh_error virtqueue_take(struct virtqueue *queue, uint32_t *tag, uint32_t *written) {
    (void)queue;
    if (end_next == end_count)
        return BH_EAGAIN;
    *tag = ends[end_next].slot;
    *written = ends[end_next++].written;
    return BH_OK;
}

void virtqueue_kick(struct virtqueue *queue) {
    (void)queue;
}

// ---- the rings

enum bh_error bh_ring_take(struct bh_ring *ring, uint32_t *slot, void *request) {
    if (ring == &pair->transmit.ring) {
        if (frame_next == frame_count)
            return BH_EAGAIN;
        memcpy(request, &frames[frame_next], sizeof(frames[0]));
        *slot = frame_next++;
        return BH_OK;
    }
    if (post_next == post_count)
        return BH_EAGAIN;
    memcpy(request, &posts[post_next], sizeof(posts[0]));
    *slot = post_next++;
    return BH_OK;
}

static void complete(uint32_t slot, enum bh_error status, const void *completion) {
    cr_assert_lt(slot, SLOTS);
    status_of[slot] = status;
    if (completion)
        memcpy(&done[slot], completion, sizeof(done[0]));
    order[done_count++] = slot;
}

void bh_ring_end_batch(struct bh_ring *ring, uint32_t count, const uint32_t *slots, const enum bh_error *statuses, const void *completions) {
    (void)ring, (void)statuses;
    for (uint32_t i = 0; i < count; i++)
        complete(slots[i], BH_OK, (const struct bh_net_receive_completion *)completions + i);
}

void bh_ring_end(struct bh_ring *ring, uint32_t slot, enum bh_error status, const void *completion) {
    complete(slot, status, ring == &pair->receive.ring ? completion : NULL);
}

void pair_notify(struct pair *of, struct lane *lane) {
    (void)of, (void)lane;
}

[[noreturn]] void card_broken(void) {
    broke = true;
    longjmp(broken, 1);
}

void bh_error_log(const char *format, ...) {
    (void)format;
}

void bh_warn(const char *format, ...) {
    (void)format;
}

const char *bh_strerror(enum bh_error error) {
    (void)error;
    return "";
}

// ---- a card with buffers posted

static void set_up_with(uint64_t features, uint32_t accepted) {
    card.device.features = features | VIRTIO_F_INDIRECT_DESC;
    card.accepted = accepted;
    card.info.mtu = 1500;
    card.info.offloads = 0x1ff;
    pair->receive.memory = (uint64_t)memory;
    pair->transmit.memory = (uint64_t)sending;
    pair->receive.data_size = pair->transmit.data_size = SLOTS * SIZE;
    pair->receive.data_address = pair->transmit.data_address = DATA;
    pair->receive.queue.size = pair->transmit.queue.size = SLOTS;
    pair->receive.queue.free_count = pair->transmit.queue.free_count = SLOTS;
    pair->receive.ring.info.entry_count = pair->transmit.ring.info.entry_count = SLOTS;
    for (post_count = 0; post_count < SLOTS; post_count++)
        posts[post_count] = (struct bh_net_receive_request){.offset = post_count * SIZE, .size = SIZE};
    cr_assert(receive_post(pair));
    cr_assert_eq(offers, SLOTS);
}

static void set_up(void) {
    set_up_with(NET_F_MRG_RXBUF, BH_NET_OFFLOADS_RX);
}

static void end(uint32_t slot, uint32_t written) {
    ends[end_count].slot = slot;
    ends[end_count++].written = written;
}

static void put_header(uint32_t slot, struct net_header header) {
    memcpy((void *)memory[slot].header, &header, sizeof(header));
}

static void take(void) {
    if (!setjmp(broken))
        (void)receive_take(pair);
}

static void is_dropped(struct net_header header, uint32_t written, const char *what) {
    uint64_t dropped = pair->receive.dropped;
    end_count = end_next = 0;
    uint32_t before = offered[3];
    put_header(3, header);
    end(3, written);
    take();
    cr_assert(!broke && !done_count, "%s is delivered", what);
    cr_assert_eq(pair->receive.dropped, dropped + 1, "%s is not counted", what);
    cr_assert_eq(offered[3], before + 1, "after %s the buffer is not posted again", what);
}

Test(net, a_buffer_goes_to_the_device_behind_memory_of_the_driver, .init = set_up) {
    cr_assert_eq(last_count, 2);
    cr_assert(last[0].size == 12 && last[0].device_writes && last[1].device_writes);
    cr_assert_eq(last[1].address, DATA + (SLOTS - 1) * SIZE);
    cr_assert_eq(last[1].size, SIZE);
}

Test(net, buffers_outside_the_data_or_too_small_are_refused) {
    static const struct bh_net_receive_request bad[] = {{SLOTS * SIZE, 64, 0}, {~0ull - 10, 64, 0}, {0, SLOTS * SIZE + 1, 0}, {SLOTS * SIZE - 63, 64, 0}, {0, 63, 0}, {0, 0, 0}};
    card.device.features = VIRTIO_F_INDIRECT_DESC;
    pair->receive.data_size = SLOTS * SIZE;
    pair->receive.queue.free_count = SLOTS;
    post_count = sizeof(bad) / sizeof(bad[0]);
    memcpy(posts, bad, sizeof(bad));
    (void)receive_post(pair);
    cr_assert_eq(offers, 0);
    for (uint32_t i = 0; i < post_count; i++)
        cr_assert_eq(status_of[i], i < 4 ? BH_ERANGE : BH_EINVAL, "buffer %u", i);
}

Test(net, a_frame_in_three_buffers_is_completed_at_once_with_what_lay_in_front, .init = set_up) {
    put_header(5, (struct net_header){.buffer_count = 3});
    memcpy((void *)memory[6].header, "abcdefghijkl", 12);
    memcpy((void *)memory[7].header, "mnopq", 5);
    end(5, 12 + SIZE);
    end(6, 12 + SIZE);
    take();
    cr_assert_eq(done_count, 0, "a part of a frame is delivered");
    end(7, 5);
    take();
    cr_assert_eq(done_count, 3);
    cr_assert(order[0] == 5 && order[1] == 6 && order[2] == 7);
    cr_assert(done[5].buffers == 3 && done[5].size == SIZE && done[5].prefix_size == 0);
    cr_assert(done[6].buffers == 0 && done[6].size == SIZE && done[6].prefix_size == 12 && !memcmp(done[6].prefix, "abcdefghijkl", 12));
    cr_assert(done[7].buffers == 0 && done[7].size == 0 && done[7].prefix_size == 5 && !memcmp(done[7].prefix, "mnopq", 5));
    for (uint32_t i = 0; i < sizeof(done[5].prefix); i++)
        cr_assert_eq(done[5].prefix[i], 0, "the header goes to the client");
}

Test(net, numbers_of_buffers_that_cannot_be_end_the_driver, .init = set_up) {
    static const uint16_t bad[] = {0, SLOTS + 1, 0xffff};
    for (uint32_t i = 0; i < 3; i++) {
        broke = false;
        pair->part_count = pair->part_wanted = end_count = end_next = 0;
        put_header(1, (struct net_header){.buffer_count = bad[i]});
        end(1, 100);
        take();
        cr_assert(broke, "%u buffers", bad[i]);
        cr_assert_eq(done_count, 0);
    }
}

Test(net, without_merging_the_number_of_buffers_means_nothing) {
    set_up_with(0, BH_NET_OFFLOADS_RX & ~BH_NET_OFFLOAD_RX_MERGED);
    put_header(1, (struct net_header){.buffer_count = 0xffff});
    end(1, 100);
    take();
    cr_assert(!broke && done_count == 1 && done[1].buffers == 1 && done[1].size == 88);
}

Test(net, a_buffer_shorter_than_a_header_ends_the_driver, .init = set_up) {
    for (uint32_t written = 0; written < 12; written++) {
        broke = false;
        end_count = end_next = 0;
        end(1, written);
        take();
        cr_assert(broke, "%u bytes", written);
    }
}

Test(net, frames_with_headers_that_cannot_be_are_dropped_and_their_buffers_posted_again, .init = set_up) {
    const uint8_t sum = HEADER_NEEDS_CHECKSUM;
    is_dropped((struct net_header){.buffer_count = 1}, 12 + 13, "a frame of 13 bytes");
    is_dropped((struct net_header){.flags = sum, .checksum_start = 99, .checksum_offset = 0, .buffer_count = 1}, 112, "a checksum that ends past the frame");
    is_dropped((struct net_header){.flags = sum, .checksum_start = 0xffff, .checksum_offset = 0xffff, .buffer_count = 1}, 112, "a checksum whose place wraps around");
    is_dropped((struct net_header){.segmentation = HEADER_TCP4, .segment_size = 0, .buffer_count = 1}, 112, "segments of no size");
    is_dropped((struct net_header){.segmentation = 3, .segment_size = 100, .buffer_count = 1}, 112, "segmentation of UDP, which was not agreed on");
    is_dropped((struct net_header){.segmentation = 0x7f, .segment_size = 100, .buffer_count = 1}, 112, "an unknown segmentation");
    is_dropped((struct net_header){.segmentation = HEADER_ECN, .segment_size = 100, .buffer_count = 1}, 112, "ECN of no segmentation");
}

Test(net, what_the_client_has_not_accepted_is_not_delivered) {
    set_up_with(NET_F_MRG_RXBUF, BH_NET_OFFLOAD_RX_CHECKSUM | BH_NET_OFFLOAD_RX_TCP4 | BH_NET_OFFLOAD_RX_MERGED);
    is_dropped((struct net_header){.segmentation = HEADER_TCP6, .segment_size = 100, .buffer_count = 1}, 112, "TCP over IPv6");
    is_dropped((struct net_header){.segmentation = HEADER_TCP4 | HEADER_ECN, .segment_size = 100, .buffer_count = 1}, 112, "ECN");
    put_header(3, (struct net_header){.segmentation = HEADER_TCP4, .header_size = 0xffff, .segment_size = 100, .buffer_count = 1});
    end_count = end_next = 0;
    end(3, 112);
    take();
    cr_assert(done_count == 1 && done[3].frame.segmentation == BH_NET_SEGMENTATION_TCP4 && done[3].frame.header_size == 0, "a header size past the frame is no hint");
    card.accepted = 0;
    put_header(4, (struct net_header){.flags = HEADER_NEEDS_CHECKSUM | HEADER_CHECKSUM_GOOD, .checksum_start = 0xffff, .buffer_count = 1});
    end(4, 112);
    take();
    cr_assert(done_count == 2 && done[4].frame.flags == 0 && done[4].frame.checksum_start == 0, "flags that were not agreed on mean nothing");
}

Test(net, a_frame_longer_than_any_can_be_is_dropped, .init = set_up) {
    put_header(0, (struct net_header){.buffer_count = SLOTS});
    for (uint32_t i = 0; i < SLOTS; i++)
        end(i, 12 + SIZE);
    uint32_t before = offers;
    take();
    cr_assert(!broke && done_count == 0 && pair->receive.dropped == 1);
    cr_assert_eq(offers, before + SLOTS);
}

Test(net, withdrawn_buffers_come_back_once_also_those_of_an_unfinished_frame, .init = set_up) {
    put_header(5, (struct net_header){.buffer_count = 3});
    end(5, 12 + SIZE);
    take();
    receive_withdraw(pair);
    cr_assert_eq(done_count, SLOTS);
    for (uint32_t i = 0; i < SLOTS; i++)
        cr_assert_eq(status_of[i], BH_ECANCELED);
    uint32_t before = offers;
    receive_post_again(pair);
    cr_assert_eq(offers, before, "the device gets a buffer that was withdrawn");
}

Test(net, a_device_set_up_anew_gets_the_buffers_of_an_unfinished_frame_again, .init = set_up) {
    put_header(5, (struct net_header){.buffer_count = 3});
    end(5, 12 + SIZE);
    take();
    receive_post_again(pair);
    cr_assert_eq(done_count, 0);
    for (uint32_t i = 0; i < SLOTS; i++)
        cr_assert_eq(offered[i], 2);
    put_header(9, (struct net_header){.buffer_count = 1});
    end(9, 112);
    take();
    cr_assert(done_count == 1 && order[0] == 9, "the rest of a frame of the time before is waited for");
}

// Headers of random bits and buffers in random order: whatever comes is whole, once, and fits the frame; or the driver ends.
Test(net, random_headers_deliver_nothing_that_cannot_be, .init = set_up) {
    uint32_t delivered = 0, dropped, ended = 0;
    srand(3);
    for (int round = 0; round < 200000; round++) {
        uint32_t slot = (uint32_t)rand() % SLOTS;
        for (uint32_t i = 0; i < 12; i++)
            memory[slot].header[i] = rand() % 3 ? (uint8_t)(rand() % 4) : (uint8_t)rand();
        bool unfinished = false;
        for (uint32_t i = 0; i < pair->part_count; i++)
            unfinished |= pair->part_slots[i] == slot;
        if (unfinished)
            continue; // virtqueue.c does not let a chain end twice
        broke = false;
        done_count = end_count = end_next = 0;
        end(slot, (uint32_t)rand() % (12 + SIZE + 1));
        take();
        if (broke)
            pair->part_count = pair->part_wanted = 0; // the next instance
        ended += broke;
        delivered += done_count != 0;
        uint32_t bytes = 0;
        for (uint32_t i = 0; i < done_count; i++) {
            const struct bh_net_receive_completion *part = &done[order[i]];
            cr_assert(part->size <= SIZE && part->prefix_size <= 12 && part->buffers == (i ? 0 : done_count));
            bytes += part->size + part->prefix_size;
            pair->posted[order[i]] = (struct posted){order[i] * SIZE, SIZE}; // the client posts it again
        }
        const struct bh_net_frame *frame = &done[order[0]].frame;
        if (done_count) {
            cr_assert(bytes >= 14 && frame->segmentation <= 2 && (!frame->segmentation || frame->segment_size));
            cr_assert(!(frame->flags & 1) || frame->checksum_start + frame->checksum_offset + 2u <= bytes);
        }
    }
    dropped = (uint32_t)pair->receive.dropped;
    cr_assert(delivered > 1000 && dropped > 1000 && ended > 1000, "%u frames delivered, %u dropped, %u ends of the driver", delivered, dropped, ended);
}

Test(net, a_frame_to_send_has_its_header_from_the_driver, .init = set_up) {
    frames[frame_count++] = (struct bh_net_transmit_request){
        .frame = {.flags = BH_NET_FRAME_FLAGS_NEEDS_CHECKSUM, .segmentation = BH_NET_SEGMENTATION_TCP6, .segment_size = 1000, .header_size = 74,
                  .checksum_start = 54, .checksum_offset = 16},
        .segment_count = 2, .segments = {{0, 74, 0}, {4096, 30000, 0}}};
    cr_assert(transmit_take(pair));
    cr_assert_eq(done_count, 0);
    cr_assert(last_count == 3 && last[0].size == 12 && !last[0].device_writes && last[1].address == DATA && last[2].address == DATA + 4096 && last[2].size == 30000);
    const struct net_header *header = &sending[0].header;
    cr_assert(header->flags == 1 && header->segmentation == HEADER_TCP6 && header->segment_size == 1000 && header->header_size == 74 &&
              header->checksum_start == 54 && header->checksum_offset == 16 && header->buffer_count == 0);
}
