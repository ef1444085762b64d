// SPDX-License-Identifier: MIT
//
// The guest's source of entropy, driven as a guest's driver does it, and as a hostile guest does it.
#include "rng_guest.h"

#define MOST 512u

static const char bytes[] = "0123456789abcdef";

static void create(void) {
    fixture_create();
    rng_create();
}

static uint16_t used_index(void) {
    return ((uint16_t *)memory_at(&machine->memory, RNG_USED, 4))[1];
}

static uint32_t used_size(uint32_t element) {
    return ((uint32_t *)memory_at(&machine->memory, RNG_USED, 256))[1 + 2 * element + 1];
}

static bool needs_reset(void) {
    return machine_mmio_read(machine, rng_bar + 20, 1) & 0x40;
}

// One buffer, and the driver's bell.
static void ask(uint32_t size) {
    rng_set(0, RNG_DATA, size, RNG_WRITE, 0);
    rng_offer(0);
    mmio_write(rng_bar + 0x3000, 0);
}

Test(rng, is_a_source_of_entropy, .init = create) {
    guest_out(0xcf8, 4, 0x80000800u);
    cr_assert_eq(guest_in(0xcfc, 4), 0x10441af4u);
    cr_assert_eq(mmio_read(rng_bar + 0x2000), 0, "it has no configuration of its own");
    cr_assert_eq(machine_mmio_read(machine, rng_bar + 18, 2), 1, "one queue");
}

Test(rng, bytes_come_after_the_guest_has_asked_and_the_thread_is_told_outside_the_lock, .init = create) {
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 0);
    ask(16);
    cr_assert(machine->rng_ready);
    guest_kicked();
    cr_assert_eq(fake_rng_bells, 1);
    cr_assert(!machine->rng_ready);
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 16);
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 16, "asking takes nothing");
    cr_assert_eq(used_index(), 0);
    virtio_rng_fill(&machine->rng, bytes, 16);
    cr_assert_eq(used_index(), 1);
    cr_assert_eq(used_size(0), 16);
    cr_assert_eq(memcmp(rng_bytes(0), bytes, 16), 0);
    cr_assert_eq(*rng_bytes(16), 0);
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 0);
}

Test(rng, a_buffer_in_pieces_is_filled_from_its_front, .init = create) {
    rng_set(0, RNG_DATA, 5, RNG_WRITE | 1, 1);
    rng_set(1, RNG_DATA + 100, 1000, RNG_WRITE, 0);
    rng_offer(0);
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), MOST);
    virtio_rng_fill(&machine->rng, bytes, 16);
    cr_assert_eq(used_size(0), 16);
    cr_assert_eq(memcmp(rng_bytes(0), bytes, 5), 0);
    cr_assert_eq(*rng_bytes(5), 0);
    cr_assert_eq(memcmp(rng_bytes(100), bytes + 5, 11), 0);
    cr_assert_eq(*rng_bytes(111), 0);
}

Test(rng, a_guest_that_changes_its_mind_gets_no_more_than_it_has_room_for, .init = create) {
    ask(16);
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 16);
    rng_set(0, RNG_DATA, 3, RNG_WRITE, 0);
    virtio_rng_fill(&machine->rng, bytes, 16);
    cr_assert_eq(used_size(0), 3);
    cr_assert_eq(*rng_bytes(3), 0);
    ask(16);
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 16);
    rng_drive(); // a reset
    virtio_rng_fill(&machine->rng, bytes, 16);
    cr_assert_eq(used_index(), 0);
    cr_assert_eq(*rng_bytes(3), 0, "nobody waits for these bytes any more");
}

Test(rng, buffers_that_break_the_rules_stop_the_device_until_its_reset, .init = create) {
    static const struct {
        uint64_t address;
        uint32_t size;
        uint16_t flags, next;
    } wrong[] = {{RNG_DATA, 16, 0, 0}, {RNG_DATA, 16, 1, 1}, {RNG_DATA, 16, RNG_WRITE | 1, 0}, {FIXTURE_MEMORY - 8, 16, RNG_WRITE, 0}, {RNG_DATA, 0, RNG_WRITE, 0},
                 {RNG_DATA, 16, RNG_WRITE | 4, 0}};
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        rng_drive();
        cr_assert(!needs_reset());
        rng_set(0, wrong[i].address, wrong[i].size, wrong[i].flags, wrong[i].next);
        rng_set(1, RNG_DATA, 16, RNG_WRITE, 0);
        rng_offer(0);
        cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 0, "case %u", i);
        cr_assert(needs_reset(), "case %u", i);
        virtio_rng_fill(&machine->rng, bytes, 16);
        cr_assert_eq(used_index(), 0);
        cr_assert_eq(*rng_bytes(0), 0);
    }
    rng_drive();
    ask(4);
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 4);
}

Test(rng, nothing_is_looked_at_before_the_driver_is_ready, .init = create) {
    ask(16);
    machine->rng_ready = false;
    rng_status(0);
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 0);
    mmio_write(rng_bar + 0x3000, 0);
    cr_assert(!machine->rng_ready);
}

Test(rng, a_new_vmm_goes_on_with_what_the_guest_asked_for, .init = create) {
    bool again;
    ask(16);
    guest_kicked();
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 16);
    undo_commit(machine);
    cr_assert_null(fixture_restart(&again));
    cr_assert_eq(virtio_rng_wanted(&machine->rng, MOST), 16);
    virtio_rng_fill(&machine->rng, bytes, 16);
    cr_assert_eq(used_index(), 1);
    undo_commit(machine);
    machine->rng.virtio.queues[0].vector = 77;
    cr_assert_not_null(fixture_restart(&again), "what makes no sense is refused");
}
