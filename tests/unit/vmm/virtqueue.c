// SPDX-License-Identifier: MIT
//
// Virtqueues whose driver lies. Each test names the lie; the queue must stop with the sentence meant for it.
#include "fixture.h"

#include "virtqueue.h"

#define TABLE 0x200000u
#define AVAILABLE 0x201000u
#define USED 0x202000u
#define DATA 0x300000u
#define SIZE 16u
#define NEXT 1
#define WRITE 2
#define INDIRECT 4

static struct virtqueue queue;
static struct virtqueue_chain chain;

static void offer(uint16_t head) {
    guest_offer(AVAILABLE, SIZE, head);
}

static void create(void) {
    fixture_create();
    virtqueue_reset(&queue, &machine->memory);
    queue.size = SIZE;
    queue.descriptors = TABLE;
    queue.driver = AVAILABLE;
    queue.device = USED;
    queue.indirect = true;
    cr_assert(virtqueue_enable(&queue));
}

static void broken_because(const char *part) {
    const char *why = "";
    offer(0);
    cr_assert_eq(virtqueue_pop(&queue, &chain, &why), VIRTQUEUE_BROKEN);
    cr_assert(strstr(why, part), "refused because: %s", why);
    cr_assert_eq(virtqueue_pop(&queue, &chain, &why), VIRTQUEUE_EMPTY, "a broken queue is not touched again");
}

Test(virtqueue, a_good_chain_is_taken_whole, .init = create) {
    const char *why;
    guest_describe(TABLE, 0, DATA, 16, NEXT, 3);
    guest_describe(TABLE, 3, DATA + 4096, 512, NEXT | WRITE, 5);
    guest_describe(TABLE, 5, DATA + 8192, 1, WRITE, 0);
    offer(0);
    cr_assert_eq(virtqueue_pop(&queue, &chain, &why), VIRTQUEUE_CHAIN);
    cr_assert_eq(chain.read_count, 1);
    cr_assert_eq(chain.write_count, 2);
    cr_assert_eq(chain.segments[2].address, DATA + 8192);
    cr_assert_eq(virtqueue_pop(&queue, &chain, &why), VIRTQUEUE_EMPTY);
}

Test(virtqueue, a_good_indirect_table_is_followed, .init = create) {
    const char *why;
    guest_describe(TABLE, 0, DATA, 32, INDIRECT, 0);
    guest_describe(DATA, 0, DATA + 4096, 16, NEXT, 1);
    guest_describe(DATA, 1, DATA + 8192, 1, WRITE, 0);
    offer(0);
    cr_assert_eq(virtqueue_pop(&queue, &chain, &why), VIRTQUEUE_CHAIN);
    cr_assert_eq(chain.read_count + chain.write_count, 2);
}

Test(virtqueue, a_loop_of_descriptors_is_found, .init = create) {
    guest_describe(TABLE, 0, DATA, 16, NEXT, 1);
    guest_describe(TABLE, 1, DATA, 16, NEXT, 0);
    broken_because("loop");
}

Test(virtqueue, a_descriptor_that_names_itself_is_found, .init = create) {
    guest_describe(TABLE, 0, DATA, 16, NEXT, 0);
    broken_because("loop");
}

Test(virtqueue, a_loop_inside_an_indirect_table_is_found, .init = create) {
    guest_describe(TABLE, 0, DATA, 32, INDIRECT, 0);
    guest_describe(DATA, 0, DATA, 16, NEXT, 1);
    guest_describe(DATA, 1, DATA, 16, NEXT, 0);
    broken_because("loop");
}

Test(virtqueue, an_index_past_the_table_is_refused, .init = create) {
    guest_describe(TABLE, 0, DATA, 16, NEXT, SIZE);
    broken_because("past the table");
}

Test(virtqueue, a_head_past_the_table_is_refused, .init = create) {
    const char *why;
    offer(0xffff);
    cr_assert_eq(virtqueue_pop(&queue, &chain, &why), VIRTQUEUE_BROKEN);
}

Test(virtqueue, an_available_index_that_jumps_ahead_is_refused, .init = create) {
    const char *why;
    uint16_t *available = memory_at(&machine->memory, AVAILABLE, 64);
    available[1] = SIZE + 1;
    cr_assert_eq(virtqueue_pop(&queue, &chain, &why), VIRTQUEUE_BROKEN);
    cr_assert(strstr(why, "ahead"));
}

Test(virtqueue, addresses_outside_memory_are_refused, .init = create) {
    guest_describe(TABLE, 0, FIXTURE_MEMORY, 16, 0, 0);
    broken_because("outside the guest's memory");
}

Test(virtqueue, a_range_that_starts_inside_and_ends_outside_is_refused, .init = create) {
    guest_describe(TABLE, 0, FIXTURE_MEMORY - 8, 16, 0, 0);
    broken_because("outside the guest's memory");
}

Test(virtqueue, an_address_that_wraps_around_is_refused, .init = create) {
    guest_describe(TABLE, 0, 0xfffffffffffffff8ull, 16, 0, 0);
    broken_because("outside the guest's memory");
}

Test(virtqueue, an_indirect_table_outside_memory_is_refused, .init = create) {
    guest_describe(TABLE, 0, 0xffffffffffffff00ull, 32, INDIRECT, 0);
    broken_because("outside the guest's memory");
}

Test(virtqueue, an_empty_or_enormous_descriptor_is_refused, .init = create) {
    guest_describe(TABLE, 0, DATA, 0, 0, 0);
    broken_because("zero or enormous");
}

Test(virtqueue, a_readable_descriptor_after_a_writable_one_is_refused, .init = create) {
    guest_describe(TABLE, 0, DATA, 16, NEXT | WRITE, 1);
    guest_describe(TABLE, 1, DATA, 16, 0, 0);
    broken_because("follows a writable");
}

Test(virtqueue, an_indirect_table_inside_an_indirect_table_is_refused, .init = create) {
    guest_describe(TABLE, 0, DATA, 16, INDIRECT, 0);
    guest_describe(DATA, 0, DATA, 16, INDIRECT, 0);
    broken_because("holds an indirect");
}

Test(virtqueue, an_indirect_table_of_odd_length_is_refused, .init = create) {
    guest_describe(TABLE, 0, DATA, 24, INDIRECT, 0);
    broken_because("multiple of 16");
}

Test(virtqueue, an_indirect_table_longer_than_the_queue_is_refused, .init = create) {
    guest_describe(TABLE, 0, DATA, 16 * (SIZE + 1), INDIRECT, 0);
    broken_because("longer than the queue");
}

Test(virtqueue, an_indirect_descriptor_with_a_successor_is_refused, .init = create) {
    guest_describe(TABLE, 0, DATA, 16, INDIRECT | NEXT, 1);
    broken_because("has a successor");
}

Test(virtqueue, indirect_descriptors_must_be_negotiated, .init = create) {
    queue.indirect = false;
    guest_describe(TABLE, 0, DATA, 16, INDIRECT, 0);
    broken_because("not negotiated");
}

Test(virtqueue, areas_that_are_misplaced_do_not_enable_the_queue, .init = create) {
    static const struct {
        gpa descriptors, driver, device;
        uint32_t size;
    } bad[] = {{TABLE + 8, AVAILABLE, USED, SIZE}, {TABLE, AVAILABLE + 1, USED, SIZE}, {TABLE, AVAILABLE, USED + 2, SIZE},
               {FIXTURE_MEMORY - 16, AVAILABLE, USED, SIZE}, {TABLE, FIXTURE_MEMORY, USED, SIZE},
               {TABLE, AVAILABLE, 0xfffffffffffffffcull, SIZE}, {TABLE, AVAILABLE, USED, 0}, {TABLE, AVAILABLE, USED, 12},
               {TABLE, AVAILABLE, USED, 32768}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        virtqueue_reset(&queue, &machine->memory);
        queue.descriptors = bad[i].descriptors;
        queue.driver = bad[i].driver;
        queue.device = bad[i].device;
        queue.size = bad[i].size;
        cr_assert(!virtqueue_enable(&queue), "case %zu", i);
    }
}

Test(virtqueue, used_entries_and_index_appear_in_memory, .init = create) {
    virtqueue_push(&queue, 7, 513);
    cr_assert_eq(((const uint16_t *)memory_at(&machine->memory, USED, 4))[1], 0, "not before they are shown");
    virtqueue_show(&queue);
    const uint16_t *index = memory_at(&machine->memory, USED, 4);
    const uint32_t *entry = memory_at(&machine->memory, USED + 4, 8);
    cr_assert_eq(index[1], 1);
    cr_assert_eq(entry[0], 7);
    cr_assert_eq(entry[1], 513);
}

Test(virtqueue, interrupts_are_suppressed_by_flag, .init = create) {
    uint16_t *available = memory_at(&machine->memory, AVAILABLE, 64);
    available[0] = 1;
    virtqueue_push(&queue, 0, 0);
    cr_assert(!virtqueue_wants_interrupt(&queue));
    available[0] = 0;
    virtqueue_push(&queue, 0, 0);
    cr_assert(virtqueue_wants_interrupt(&queue));
    cr_assert(!virtqueue_wants_interrupt(&queue), "one interrupt for what was returned");
}

Test(virtqueue, with_event_index_the_interrupt_comes_at_the_entry_asked_for, .init = create) {
    uint16_t *event = memory_at(&machine->memory, AVAILABLE + 4 + 2 * SIZE, 2);
    queue.event_index = true;
    *event = 2;
    for (int i = 0; i < 3; i++) {
        virtqueue_push(&queue, 0, 0);
        cr_assert_eq(virtqueue_wants_interrupt(&queue), i == 2);
    }
}

Test(virtqueue, arming_finds_what_came_meanwhile, .init = create) {
    cr_assert(!virtqueue_arm(&queue));
    offer(0);
    cr_assert(virtqueue_arm(&queue));
}

Test(virtqueue, random_descriptors_never_reach_outside, .init = create) {
    uint8_t *table = memory_at(&machine->memory, TABLE, 16 * SIZE);
    uint32_t random = 12345;
    for (int round = 0; round < 20000; round++) {
        const char *why;
        for (uint32_t i = 0; i < 16 * SIZE; i++) {
            random = random * 1664525u + 1013904223u;
            table[i] = random >> 24 < 128 ? 0 : (uint8_t)(random >> 16);
        }
        queue.broken = false;
        offer((uint16_t)(random >> 8) % SIZE);
        if (virtqueue_pop(&queue, &chain, &why) != VIRTQUEUE_CHAIN)
            continue;
        for (uint32_t i = 0; i < chain.read_count + chain.write_count; i++)
            cr_assert(memory_at(&machine->memory, chain.segments[i].address, chain.segments[i].size));
    }
}
