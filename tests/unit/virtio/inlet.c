// SPDX-License-Identifier: MIT
//
// Bytes on their way in: buffers with the device as far as there is room behind them (inlet.c), and what was typed (runtime/typed.c). The queue is this test.
#include "inlet.h"

#include <criterion/criterion.h>
#include <setjmp.h>
#include <string.h>

#include "bulkhead/typed.h"

#define SIZE 16u

static struct virtqueue queue;
static struct inlet inlet;
static struct bh_typed typed;
static struct bh_typed_text text;
static uint8_t memory[INLET_BUFFERS * SIZE];
static uint32_t offered[64], offers, kicks, taken, sizes[64], signals, drops, rooms;
static enum bh_error lie;

// ---- what they call

enum bh_error virtqueue_add(struct virtqueue *of, const struct virtio_segment *segments, uint32_t count, volatile struct virtq_descriptor *table,
                            uint64_t table_address, uint32_t tag) {
    (void)table_address;
    cr_assert(of == &queue && count == 1 && !table && segments->device_writes && segments->size == SIZE);
    cr_assert_eq(segments->address, 0x1000 + tag * SIZE, "where the device has it");
    offered[offers++ % 64] = tag;
    return BH_OK;
}

void virtqueue_kick(struct virtqueue *of) {
    kicks += of == &queue;
}

enum bh_error virtqueue_take(struct virtqueue *of, uint32_t *tag, uint32_t *written) {
    (void)of;
    if (lie || taken == offers)
        return lie ? lie : BH_EAGAIN;
    *written = sizes[taken % 64];
    *tag = offered[taken++ % 64];
    return BH_OK;
}

enum bh_error bh_event_create(bh_cap *event) {
    *event = 1;
    return BH_OK;
}

enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns) {
    (void)event, (void)deadline_ns;
    cr_assert(false, "nobody may sleep in a test");
    return BH_OK;
}

enum bh_error bh_event_signal(bh_cap event) {
    signals += event == 7;
    return BH_OK;
}

enum bh_error bh_cap_drop(bh_cap cap) {
    (void)cap;
    drops++;
    return BH_OK;
}

void bh_yield(void) {
}

uint64_t bh_time_ns(void) {
    return 4711;
}

static jmp_buf after_panic;
static uint32_t panics;

void bh_panic(const char *format, ...) {
    (void)format;
    panics++;
    longjmp(after_panic, 1);
}

static void more_room(void) {
    rooms++;
}

// ---- buffers

static void create(void) {
    inlet_create(&inlet, &queue, memory, 0x1000, SIZE);
    text = (struct bh_typed_text){0};
    cr_assert_eq(bh_typed_create(&typed, &text, more_room), BH_OK);
}

Test(inlet, the_device_has_no_more_buffers_than_there_is_room_for, .init = create) {
    inlet_refill(&inlet, SIZE - 1);
    cr_assert_eq(offers, 0);
    cr_assert_eq(kicks, 0, "nothing to tell");
    inlet_refill(&inlet, 3 * SIZE + 1);
    cr_assert_eq(offers, 3);
    cr_assert_eq(kicks, 1);
    inlet_refill(&inlet, 3 * SIZE);
    cr_assert_eq(offers, 3, "those that it has count");
    inlet_refill(&inlet, 1000 * SIZE);
    cr_assert_eq(offers, INLET_BUFFERS);
    cr_assert_eq(inlet.with_device, INLET_BUFFERS);
}

Test(inlet, what_came_back_is_offered_again, .init = create) {
    volatile uint8_t *bytes;
    uint32_t count;
    inlet_refill(&inlet, 1000);
    cr_assert_eq(inlet_take(&inlet, &bytes, &count), BH_OK);
    sizes[1] = 5;
    cr_assert_eq(inlet_take(&inlet, &bytes, &count), BH_OK);
    cr_assert(bytes == memory + SIZE && count == 5);
    inlet_refill(&inlet, 1000);
    cr_assert_eq(offers, INLET_BUFFERS + 2);
    cr_assert(offered[INLET_BUFFERS] == 0 && offered[INLET_BUFFERS + 1] == 1);
}

Test(inlet, a_device_that_lies_is_reported_and_nothing_is_taken, .init = create) {
    volatile uint8_t *bytes;
    uint32_t count;
    inlet_refill(&inlet, 1000);
    lie = BH_EPROTO;
    cr_assert_eq(inlet_take(&inlet, &bytes, &count), BH_EPROTO);
    cr_assert_eq(inlet.with_device, INLET_BUFFERS);
}

static void flip_and_use(void *field, uint32_t size, bool take) {
    for (uint32_t bit = 0; bit < 8 * size; bit++) {
        volatile uint8_t *bytes;
        uint32_t count;
        create();
        inlet_refill(&inlet, 1000);
        panics = 0;
        ((uint8_t *)field)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!setjmp(after_panic)) {
            if (take)
                (void)inlet_take(&inlet, &bytes, &count);
            else
                inlet_refill(&inlet, 1000);
        }
        cr_assert_eq(panics, 1, "bit %u", bit);
    }
}

Test(inlet, a_bit_of_where_its_buffers_are_that_flips_is_seen_before_they_are_used) {
    for (int take = 0; take < 2; take++) {
        flip_and_use(&inlet.memory, sizeof(inlet.memory), take);
        flip_and_use(&inlet.address, sizeof(inlet.address), take);
        flip_and_use(&inlet.size, sizeof(inlet.size), take);
        flip_and_use(&inlet.digest, sizeof(inlet.digest), take);
    }
}

// ---- what was typed

static void type(const char *bytes, uint32_t size) {
    for (uint32_t i = 0; i < size; i++)
        cr_assert(bh_typed_put(&typed, (uint8_t)bytes[i]));
}

Test(typed, what_is_looked_at_stays_until_it_is_dropped, .init = create) {
    char data[BH_TYPED_PIECE];
    uint32_t size;
    type("hello", 5);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(bh_typed_peek(&typed, data, &size), BH_OK);
        cr_assert(size == 5 && !memcmp(data, "hello", 5));
    }
    cr_assert_eq(rooms, 0);
    cr_assert_eq(bh_typed_drop(&typed, 2), BH_OK);
    cr_assert_eq(rooms, 1, "there is more room");
    cr_assert_eq(bh_typed_read(&typed, data, &size), BH_OK);
    cr_assert(size == 3 && !memcmp(data, "llo", 3));
    cr_assert_eq(bh_typed_read(&typed, data, &size), BH_OK);
    cr_assert_eq(size, 0);
}

Test(typed, no_more_is_dropped_than_there_is, .init = create) {
    type("hello", 5);
    cr_assert_eq(bh_typed_drop(&typed, UINT32_MAX), BH_OK);
    cr_assert_eq(bh_typed_room(&typed), BH_TYPED_SIZE);
    type("x", 1);
    cr_assert_eq(bh_typed_room(&typed), BH_TYPED_SIZE - 1);
}

static struct bh_typed_text kept;

static void create_kept(void) {
    cr_assert_eq(bh_typed_create(&typed, &kept, more_room), BH_OK);
}

Test(typed, what_is_kept_is_there_for_a_successor, .init = create_kept) {
    char data[BH_TYPED_PIECE];
    uint32_t size, first, again;
    type("hello", 5);
    cr_assert_eq(bh_typed_look(&typed, data, &size, &first), BH_OK);
    typed = (struct bh_typed){0};
    create_kept();
    cr_assert_eq(bh_typed_look(&typed, data, &size, &again), BH_OK);
    cr_assert(first == again && size == 5 && !memcmp(data, "hello", 5));
    for (int i = 0; i < 2; i++) // once more, by who does not know whether it was done
        cr_assert_eq(bh_typed_forget(&typed, first + 2), BH_OK);
    cr_assert_eq(bh_typed_forget(&typed, first), BH_OK); // before what is there,
    cr_assert_eq(bh_typed_forget(&typed, first + 6), BH_OK); // and behind it
    cr_assert_eq(bh_typed_look(&typed, data, &size, &again), BH_OK);
    cr_assert(again == first + 2 && size == 3 && !memcmp(data, "llo", 3));
}

Test(typed, what_is_kept_and_makes_no_sense_is_forgotten, .init = create_kept) {
    char data[BH_TYPED_PIECE];
    uint32_t size, position;
    type("hello", 5);
    for (int i = 0; i < 2; i++) {
        if (i)
            kept.tail = kept.head + BH_TYPED_SIZE + 1;
        else
            kept.version++;
        create_kept();
        cr_assert_eq(bh_typed_look(&typed, data, &size, &position), BH_OK);
        cr_assert_eq(size, 0);
        type("x", 1);
        cr_assert_eq(bh_typed_room(&typed), BH_TYPED_SIZE - 1);
    }
}

Test(typed, when_it_is_full_nothing_is_overwritten_and_it_comes_out_in_order, .init = create) {
    uint8_t data[BH_TYPED_PIECE];
    uint32_t size, seen = 0;
    typed.text->head = typed.text->tail = UINT32_MAX - 100; // the counters wrap
    for (uint32_t i = 0; i < BH_TYPED_SIZE; i++)
        cr_assert(bh_typed_put(&typed, (uint8_t)(i * 7)));
    cr_assert(!bh_typed_put(&typed, 1));
    while (!bh_typed_read(&typed, data, &size) && size)
        for (uint32_t i = 0; i < size; i++)
            cr_assert_eq(data[i], (uint8_t)(seen++ * 7));
    cr_assert_eq(seen, BH_TYPED_SIZE);
}

Test(typed, who_watches_late_is_told_of_what_waits_and_takes_the_place_of_another, .init = create) {
    cr_assert_eq(bh_typed_watch_input(&typed, 6), BH_OK);
    cr_assert_eq(drops, 0);
    type("x", 1);
    cr_assert_eq(bh_typed_watch_input(&typed, 7), BH_OK);
    cr_assert_eq(signals, 1);
    cr_assert_eq(drops, 1, "the event of the one before");
}

Test(typed, nobody_waits_for_a_lock_whose_state_is_none, .init = create) {
    char data[BH_TYPED_PIECE];
    uint32_t size;
    for (uint32_t bit = 2; bit < 32; bit++) {
        panics = 0;
        typed.lock.state = 1u << bit;
        if (!setjmp(after_panic))
            (void)bh_typed_read(&typed, data, &size);
        cr_assert_eq(panics, 1, "bit %u", bit);
    }
}
