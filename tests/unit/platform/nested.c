// SPDX-License-Identifier: MIT
//
// Nested tables: what is mapped is reached, with its rights, and nothing else; whatever the order, tables come and go. As a VT-d unit would read them, and once
// with a guest's bits.
#include "kernel/virt/nested.h"

#include <criterion/criterion.h>
#include <string.h>

#include "kernel/mm/frames.h"
#include "machine.h"

#define PAGE 4096ull
#define LARGE (2ull << 20)
#define FRAMES (MACHINE_SIZE / PAGE)

static bool used[FRAMES];
static size_t frames_left = FRAMES - 1; // frame 0 means none

enum bh_error frames_alloc(size_t count, size_t align, hpa *out) {
    cr_assert(count == 1 && align == 1, "tables are single frames");
    for (size_t frame = 1; frames_left && frame < FRAMES; frame++)
        if (!used[frame]) {
            used[frame] = true;
            frames_left--;
            memset(machine_memory + frame * PAGE, 0xff, PAGE);
            *out = frame * PAGE;
            return BH_OK;
        }
    return BH_ENOMEM;
}

void frames_free(hpa start, size_t count) {
    cr_assert(count == 1 && used[start / PAGE], "a frame that was handed out comes back");
    used[start / PAGE] = false;
    frames_left++;
}

static struct nested_tables tables;

// The unit does not look into caches.
static void flush(const volatile void *start, uint64_t size) {
    uint64_t offset = (uint64_t)((const volatile uint8_t *)start - machine_memory);
    cr_assert(size && offset < MACHINE_SIZE && size <= MACHINE_SIZE - offset, "only tables are flushed");
}

static void make(uint32_t levels, bool large) {
    tables = (struct nested_tables){.levels = levels, .large = large, .inner = NESTED_READ | NESTED_WRITE, .flush = flush};
    cr_assert_eq(nested_create(&tables), BH_OK, "empty tables");
}

static void destroy(void) {
    nested_destroy(&tables);
    cr_assert(tables.table_count == 0 && frames_left == FRAMES - 1, "all frames are back");
}

static bool map(uint64_t at, hpa to, uint64_t size, bool write) {
    bool replaced;
    cr_assert_eq(nested_map(&tables, at, to, size, NESTED_READ | (write ? NESTED_WRITE : 0), &replaced), BH_OK, "0x%llx can be mapped", (unsigned long long)at);
    return replaced;
}

// The entry by which a unit would let an access to `at` pass, as VT-d 3.4, 3.7 and 9.8 have it, and how much it maps; 0: none.
static uint64_t entry_for(uint64_t at, uint64_t *span) {
    hpa table = tables.root;
    for (uint32_t level = tables.levels; level; level--) {
        *span = PAGE << 9 * (level - 1);
        uint64_t entry = ((const uint64_t *)(machine_memory + table))[at / *span % 512];
        if (!(entry & 3) || level == 1 || entry & 0x80)
            return entry & 3 ? entry : 0;
        table = entry & 0x000ffffffffff000ull;
    }
    return 0;
}

static bool reaches(uint64_t at, hpa expected, bool expected_write) {
    uint64_t span, entry = entry_for(at, &span);
    return entry & 1 && (entry & 0x000ffffffffff000ull) + at % span == expected && (entry >> 1 & 1) == expected_write;
}

static bool blocked(uint64_t at) {
    uint64_t span;
    return !entry_for(at, &span);
}

Test(nested, nothing_is_reached_at_first) {
    make(3, true);
    cr_assert(blocked(0) && blocked(PAGE) && blocked((1ull << 39) - 1), "nothing");
    cr_assert_not(nested_unmap(&tables, 0, 1ull << 39), "and nothing is unmapped");
    destroy();
}

Test(nested, what_is_mapped_is_reached_to_its_last_byte) {
    for (uint32_t levels = 3; levels <= 4; levels++) {
        uint64_t last = (1ull << (12 + 9 * levels)) - PAGE;
        make(levels, true);
        cr_assert_not(map(0x7000, 0x123000, 3 * PAGE, false), "for the first time");
        cr_assert_not(map(last, 0x456000, PAGE, true), "the last page of all");
        cr_assert(blocked(0x6fff) && reaches(0x7000, 0x123000, false) && reaches(0x9fff, 0x125fff, false) && blocked(0xa000), "three pages");
        cr_assert(blocked(last - 1) && reaches(last + 5, 0x456005, true), "the last one");
        destroy();
    }
}

Test(nested, large_pages_are_used_where_they_fit_and_allowed) {
    make(3, true);
    map(LARGE, 4 * LARGE, 16 * LARGE, true);
    cr_assert_eq(tables.table_count, 2, "the root and one directory");
    cr_assert(blocked(LARGE - 1) && reaches(LARGE, 4 * LARGE, true) && reaches(17 * LARGE - 1, 20 * LARGE - 1, true) && blocked(17 * LARGE), "all of it");
    destroy();
    make(3, false);
    map(LARGE, 4 * LARGE, LARGE, true);
    cr_assert(tables.table_count == 3 && reaches(LARGE + 0x1234, 4 * LARGE + 0x1234, true), "by small pages where large ones are not allowed");
    destroy();
    make(3, true);
    map(LARGE, 4 * LARGE + PAGE, 2 * LARGE, true);
    cr_assert(reaches(3 * LARGE - 1, 6 * LARGE + PAGE - 1, true), "and where the memory does not fit");
    destroy();
}

Test(nested, rights_change_in_place) {
    make(3, true);
    map(LARGE - PAGE, LARGE - PAGE, LARGE + 2 * PAGE, true);
    uint32_t count = tables.table_count;
    cr_assert(map(LARGE - PAGE, LARGE - PAGE, LARGE + 2 * PAGE, false), "it replaces what was there");
    cr_assert(tables.table_count == count && reaches(LARGE - PAGE, LARGE - PAGE, false) && reaches(LARGE, LARGE, false) && reaches(2 * LARGE, 2 * LARGE, false),
              "read-only everywhere, without more tables");
    destroy();
}

Test(nested, a_large_page_is_split_when_a_part_goes) {
    make(3, true);
    map(LARGE, LARGE, LARGE, true);
    cr_assert(nested_unmap(&tables, LARGE + 5 * PAGE, PAGE), "one page of it goes");
    cr_assert(reaches(LARGE + 5 * PAGE - 1, LARGE + 5 * PAGE - 1, true) && blocked(LARGE + 5 * PAGE) && reaches(LARGE + 6 * PAGE, LARGE + 6 * PAGE, true), "the rest stays");
    map(LARGE, LARGE, LARGE, false);
    cr_assert(reaches(LARGE + 5 * PAGE, LARGE + 5 * PAGE, false), "a table that stands is filled, not replaced");
    destroy();
}

Test(nested, without_memory_to_split_more_goes_than_has_to) {
    make(3, true);
    map(LARGE, LARGE, LARGE, true);
    frames_left = 0;
    cr_assert(nested_unmap(&tables, LARGE + 5 * PAGE, PAGE), "it goes");
    cr_assert(blocked(LARGE + 5 * PAGE) && blocked(LARGE) && blocked(2 * LARGE - 1), "with the whole page");
}

Test(nested, without_memory_nothing_is_left_half_mapped) {
    bool replaced;
    make(3, true);
    frames_left = 4; // a directory and three tables
    cr_assert_eq(nested_map(&tables, LARGE - PAGE, 0, LARGE + 2 * PAGE, NESTED_READ | NESTED_WRITE, &replaced), BH_OK, "an odd range");
    cr_assert(nested_unmap(&tables, 0, 4 * LARGE), "gone");
    frames_left = 0;
    cr_assert_eq(nested_map(&tables, 2 * LARGE - PAGE, PAGE, 2 * LARGE, NESTED_READ | NESTED_WRITE, &replaced), BH_ENOMEM, "no memory for the next");
    cr_assert(replaced && blocked(2 * LARGE - PAGE) && blocked(2 * LARGE), "what was mapped until then is not, and that has to be told");
}

Test(nested, a_split_leaf_keeps_all_its_bits) {
    const uint64_t bits = NESTED_READ | 4 | 1ull << 63; // of a guest: readable, not to be executed
    uint64_t span;
    bool replaced;
    make(4, true);
    cr_assert_eq(nested_map(&tables, 0, LARGE, LARGE, bits, &replaced), BH_OK, "a large page");
    cr_assert(entry_for(0, &span) == (LARGE | bits | 0x80) && span == LARGE, "in one piece");
    cr_assert(nested_unmap(&tables, PAGE, PAGE), "one page of it goes");
    cr_assert(entry_for(0, &span) == (LARGE | bits) && entry_for(511 * PAGE, &span) == ((2 * LARGE - PAGE) | bits) && blocked(PAGE), "the others are as before");
    destroy();
}

// Against a plain array of what ought to be mapped.
Test(nested, random_ranges_agree_with_a_model) {
    static uint32_t model[4 * 512]; // by page: 0, or 1 + its page << 1 | write
    uint64_t random = 1;
    make(4, true);
    for (int round = 0; round < 3000; round++) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t first = random >> 32 & 2047, count = 1 + (random >> 43) % (2048 - first), offset = (random >> 20 & 1) * 512;
        bool write = random >> 21 & 1;
        if (random >> 22 & 1)
            map(first * PAGE, (first + offset) * PAGE, count * PAGE, write);
        else
            (void)nested_unmap(&tables, first * PAGE, count * PAGE);
        for (uint64_t i = first; i < first + count; i++)
            model[i] = random >> 22 & 1 ? (uint32_t)((1 + i + offset) << 1 | write) : 0;
        for (uint64_t i = round % 7; i < 2048; i += 7)
            cr_assert(model[i] ? reaches(i * PAGE, ((model[i] >> 1) - 1) * PAGE, model[i] & 1) : blocked(i * PAGE), "round %d, page %llu", round, (unsigned long long)i);
    }
    destroy();
}
