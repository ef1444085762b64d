// SPDX-License-Identifier: MIT
//
// The frame allocator against a model: what it hands out is free, contiguous, aligned, and nobody else's.
#include "kernel/mm/frames.h"

#include <criterion/criterion.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/base.h"

#define MEMORY (8u << 20)
#define FRAMES (MEMORY / BH_PAGE_SIZE)

static alignas(4096) uint8_t memory[MEMORY];
static struct platform_range ranges[32];
static size_t range_count;
static jmp_buf panic_point;
static bool panic_expected;

size_t platform_memory(struct platform_range *out, size_t max) {
    size_t count = range_count < max ? range_count : max;
    memcpy(out, ranges, count * sizeof(*out));
    return count;
}

void *platform_direct(hpa address) {
    cr_assert_lt(address, MEMORY);
    return memory + address;
}

void panic(const char *format, ...) {
    if (panic_expected)
        longjmp(panic_point, 1);
    cr_assert(false, "panic: %s", format);
    abort();
}

static void start(size_t count, const struct platform_range *with) {
    memcpy(ranges, with, count * sizeof(*with));
    range_count = count;
    frames_init();
}

static void one_range(void) {
    start(1, &(struct platform_range){BH_PAGE_SIZE, MEMORY - BH_PAGE_SIZE});
}

Test(frames, hand_out_everything_once_and_then_refuse) {
    static uint8_t taken[FRAMES];
    hpa frame;
    one_range();
    size_t total = frames_total_count();
    cr_assert_gt(total, FRAMES - 8);
    for (size_t i = 0; i < total; i++) {
        cr_assert_eq(frames_alloc(1, 1, &frame), BH_OK);
        cr_assert_eq(frame % BH_PAGE_SIZE, 0);
        cr_assert_neq(frame, 0);
        cr_assert_eq(taken[frame / BH_PAGE_SIZE]++, 0);
    }
    cr_assert_eq(frames_free_count(), 0);
    cr_assert_eq(frames_alloc(1, 1, &frame), BH_ENOMEM);
}

Test(frames, runs_are_contiguous_and_aligned_and_a_freed_run_serves_again) {
    hpa a, b;
    one_range();
    size_t before = frames_free_count();
    cr_assert_eq(frames_alloc(100, 64, &a), BH_OK);
    cr_assert_eq(a / BH_PAGE_SIZE % 64, 0);
    cr_assert_eq(frames_alloc(before - 100, 1, &b), BH_ENOMEM); // what is left is in two pieces
    frames_free(a, 100);
    cr_assert_eq(frames_free_count(), before);
    cr_assert_eq(frames_alloc(before, 1, &b), BH_OK);
    frames_free(b, before);
}

Test(frames, absurd_requests_are_refused) {
    hpa frame;
    one_range();
    cr_assert_eq(frames_alloc(0, 1, &frame), BH_ENOMEM);
    cr_assert_eq(frames_alloc(SIZE_MAX, 1, &frame), BH_ENOMEM);
    cr_assert_eq(frames_alloc(1, (size_t)1 << 40, &frame), BH_ENOMEM);
    cr_assert_eq(frames_alloc(FRAMES + 1, 1, &frame), BH_ENOMEM);
}

Test(frames, odd_ranges_give_only_whole_frames) {
    start(4, (struct platform_range[]){{1, 4095}, {0x10001, 0x2fff}, {0x20000, 0x100}, {0x100000, 0x100000}});
    // The map's own page comes out of the first range that has room.
    hpa frame;
    size_t count = 0;
    while (frames_alloc(1, 1, &frame) == BH_OK) {
        bool inside = (frame >= 0x11000 && frame < 0x13000) || (frame >= 0x100000 && frame < 0x200000);
        cr_assert(inside, "0x%llx is in no range", (unsigned long long)frame);
        count++;
    }
    cr_assert_eq(count, frames_total_count());
    cr_assert_eq(count, 2 + 256 - 1);
}

Test(frames, random_use_agrees_with_a_model) {
    static uint8_t owner[FRAMES];
    struct {
        hpa start;
        size_t count;
    } held[64] = {0};
    one_range();
    srandom(7);
    size_t free_count = frames_free_count();
    for (int step = 0; step < 20000; step++) {
        size_t i = (size_t)random() % 64;
        if (held[i].count) {
            frames_free(held[i].start, held[i].count);
            memset(owner + held[i].start / BH_PAGE_SIZE, 0, held[i].count);
            free_count += held[i].count;
            held[i].count = 0;
        } else {
            size_t count = 1 + (size_t)random() % 100, align = (size_t)1 << random() % 6;
            if (frames_alloc(count, align, &held[i].start) != BH_OK)
                continue;
            held[i].count = count;
            cr_assert_eq(held[i].start / BH_PAGE_SIZE % align, 0);
            for (size_t f = 0; f < count; f++)
                cr_assert_eq(owner[held[i].start / BH_PAGE_SIZE + f]++, 0);
            free_count -= count;
        }
        cr_assert_eq(frames_free_count(), free_count);
    }
}

Test(frames, freeing_twice_is_found) {
    hpa frame;
    one_range();
    cr_assert_eq(frames_alloc(2, 1, &frame), BH_OK);
    frames_free(frame, 2);
    panic_expected = true;
    if (setjmp(panic_point) == 0) {
        frames_free(frame, 2);
        cr_assert(false, "it went through");
    }
}

Test(frames, a_machine_without_memory_is_refused_with_a_panic) {
    panic_expected = true;
    if (setjmp(panic_point) == 0) {
        start(0, ranges);
        hpa frame;
        cr_assert_eq(frames_alloc(1, 1, &frame), BH_ENOMEM);
    }
}
