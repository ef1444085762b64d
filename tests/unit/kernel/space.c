// SPDX-License-Identifier: MIT
//
// Fresh memory is all or nothing, comes zeroed, and goes back; control stacks have their guards.
#include "kernel/mm/space.h"

#include "kernel/base.h"
#include "kernel/mm/stacks.h"
#include "kernel/sched/thread.h"
#include "world.h"

Test(space, fresh_memory_is_zero_and_goes_back, .init = world) {
    size_t before = frames_free_count();
    uint8_t *bytes = (uint8_t *)(first->base + BH_SLOT_HEAP);
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(space_map_fresh((uint64_t)bytes, 16 * BH_PAGE_SIZE, MAP_READ | MAP_WRITE), BH_OK);
        for (size_t i = 0; i < 16 * BH_PAGE_SIZE; i++)
            cr_assert_eq(bytes[i], 0);
        memset(bytes, 0xaa, 16 * BH_PAGE_SIZE);
        space_unmap_fresh((uint64_t)bytes, 16 * BH_PAGE_SIZE);
        cr_assert_eq(frames_free_count(), before);
    }
}

Test(space, a_mapping_too_big_for_memory_leaves_nothing, .init = world) {
    size_t before = frames_free_count();
    hpa frame;
    cr_assert_eq(space_map_fresh(first->base + BH_SLOT_HEAP, 100u << 20, MAP_READ | MAP_WRITE), BH_ENOMEM);
    cr_assert_eq(frames_free_count(), before);
    cr_assert_eq(space_lookup(first->base + BH_SLOT_HEAP, &frame), BH_EFAULT);
}

Test(space, scattered_frames_serve_as_well, .init = world) {
    enum { PAGES = 24 };
    static hpa frames[65536];
    size_t count = 0;
    uint8_t *bytes = (uint8_t *)(first->base + BH_SLOT_HEAP);
    while (count < 65536 && frames_alloc(1, 1, &frames[count]) == BH_OK)
        count++;
    cr_assert_geq(count, 3 * PAGES);
    for (size_t i = 0; i < 2 * PAGES; i += 2) // every second one: no two of them are neighbours
        frames_free(frames[i], 1);
    size_t before = frames_free_count();
    cr_assert_eq(space_map_fresh((uint64_t)bytes, (before + 1) * BH_PAGE_SIZE, MAP_READ | MAP_WRITE), BH_ENOMEM);
    cr_assert_eq(frames_free_count(), before);
    cr_assert_eq(space_map_fresh((uint64_t)bytes, PAGES * BH_PAGE_SIZE, MAP_READ | MAP_WRITE), BH_OK);
    cr_assert_eq(frames_free_count(), before - PAGES);
    for (size_t i = 0; i < PAGES * BH_PAGE_SIZE; i++)
        cr_assert_eq(bytes[i], 0);
    space_unmap_fresh((uint64_t)bytes, PAGES * BH_PAGE_SIZE);
    cr_assert_eq(frames_free_count(), before);
}

Test(space, guarded_copies_report_what_is_not_there, .init = world_with_traps) {
    uint64_t here = first->base + BH_SLOT_HEAP, there = here + BH_PAGE_SIZE;
    uint8_t bytes[64] = {1, 2, 3};
    cr_assert_eq(space_map_fresh(here, BH_PAGE_SIZE, MAP_READ | MAP_WRITE), BH_OK);
    cr_assert_eq(platform_copy_guarded((void *)here, bytes, sizeof(bytes)), BH_OK);
    cr_assert_eq(platform_copy_guarded((void *)(there - 32), bytes, sizeof(bytes)), BH_EFAULT);
    cr_assert_eq(platform_copy_guarded(bytes, (void *)(there - 32), sizeof(bytes)), BH_EFAULT);
    cr_assert_eq(space_protect(here, BH_PAGE_SIZE, MAP_READ), BH_OK);
    cr_assert_eq(platform_copy_guarded((void *)here, bytes, 1), BH_EFAULT);
    cr_assert_eq(platform_copy_guarded(bytes, (void *)here, 1), BH_OK);
    cr_assert_eq(platform_copy_guarded(bytes, NULL, 1), BH_EFAULT);
}

Test(stacks, control_stacks_have_a_guard_below, .init = world_with_traps) {
    struct thread *block;
    uint64_t top;
    size_t before = frames_free_count();
    cr_assert_eq(stacks_control_create(3, &block, &top), BH_OK);
    uint64_t base = (uint64_t)block;
    cr_assert_eq(base % BH_CONTROL_STACK_SIZE, 0);
    cr_assert_eq(top, base + BH_CONTROL_STACK_SIZE);
    cr_assert(stacks_control_guard(base + BH_CONTROL_BLOCK_SIZE));
    cr_assert(stacks_control_guard(base + BH_CONTROL_BLOCK_SIZE + BH_CONTROL_GUARD_SIZE - 1));
    cr_assert_not(stacks_control_guard(base + BH_CONTROL_BLOCK_SIZE + BH_CONTROL_GUARD_SIZE));
    cr_assert_not(stacks_control_guard(base));
    cr_assert_not(stacks_control_guard(0));
    cr_assert_not(stacks_control_guard(UINT64_MAX));
    uint64_t word = 1;
    cr_assert_eq(platform_copy_guarded((void *)(top - 8), &word, 8), BH_OK);
    cr_assert_eq(platform_copy_guarded((void *)(base + BH_CONTROL_BLOCK_SIZE), &word, 8), BH_EFAULT);
    stacks_control_destroy(3);
    cr_assert_eq(frames_free_count(), before);
}

Test(stacks, a_data_stack_is_leased_once_whatever_the_domain_claims, .init = world) {
    struct thread *block;
    uint64_t top;
    cr_assert_eq(stacks_control_create(0, &block, &top), BH_OK);
    size_t before = frames_free_count();
    uint64_t stack = stacks_lease(block, first);
    cr_assert_neq(stack, 0);
    cr_assert_eq(first->memory_used, DATA_STACK_SIZE);
    block->data_stacks[first->id] = 0; // as it does when the domain clears its pointer
    cr_assert_eq(stacks_lease(block, first), stack);
    cr_assert_eq(first->memory_used, DATA_STACK_SIZE);
    stacks_return_thread(block);
    stacks_return_thread(block);
    cr_assert_eq(first->memory_used, 0);
    cr_assert_eq(frames_free_count(), before);
    first->memory_used = QUOTA - DATA_STACK_SIZE + 1;
    cr_assert_eq(stacks_lease(block, first), 0);
}
