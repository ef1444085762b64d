// SPDX-License-Identifier: MIT
//
// One bit a frame, set while in use, over the span of all memory ranges; next-fit search. Memory that no range names counts
// as used for ever. The bitmap itself is carved from the first range that has room.
#include "kernel/mm/frames.h"

#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/base.h"

enum { RANGES_MAX = 32 };

static uint64_t *used;      // bitmap
static size_t frame_limit;  // frames below this number have a bit
static size_t total, available;
static size_t search_hint;  // where the next search starts

static bool is_used(size_t frame) {
    return used[frame / 64] >> (frame % 64) & 1;
}

static void mark(size_t first, size_t count, bool in_use) {
    for (size_t frame = first; frame < first + count; frame++) {
        BH_ASSERT(is_used(frame) != in_use);
        used[frame / 64] ^= 1ull << (frame % 64);
    }
    available = in_use ? available - count : available + count;
}

static size_t page_ranges(struct platform_range *ranges) {
    size_t count = platform_memory(ranges, RANGES_MAX);
    for (size_t i = 0; i < count; i++) {
        uint64_t start = round_up(ranges[i].start, BH_PAGE_SIZE);
        uint64_t end = (ranges[i].start + ranges[i].size) / BH_PAGE_SIZE * BH_PAGE_SIZE;
        ranges[i].start = start;
        ranges[i].size = end > start ? end - start : 0;
        if (end / BH_PAGE_SIZE > frame_limit)
            frame_limit = end / BH_PAGE_SIZE;
    }
    return count;
}

void frames_init(void) {
    struct platform_range ranges[RANGES_MAX];
    frame_limit = 0;
    total = available = search_hint = 0;
    used = NULL;
    size_t count = page_ranges(ranges);
    uint64_t map_size = round_up((frame_limit + 63) / 64 * 8, BH_PAGE_SIZE);
    for (size_t i = 0; i < count && !used; i++)
        if (ranges[i].size >= map_size) {
            used = platform_direct(ranges[i].start);
            ranges[i].start += map_size;
            ranges[i].size -= map_size;
        }
    if (!used)
        panic("memory: no range has room for the frame map (%llu bytes); give the machine more memory",
              (unsigned long long)map_size);
    memset(used, 0xff, map_size);
    for (size_t i = 0; i < count; i++) {
        mark(ranges[i].start / BH_PAGE_SIZE, ranges[i].size / BH_PAGE_SIZE, false);
        total += ranges[i].size / BH_PAGE_SIZE;
    }
}

// The first run of `count` free frames in [from, to), or `to`.
static size_t find_run(size_t from, size_t to, size_t count, size_t align) {
    size_t start = round_up(from, align);
    while (start + count <= to) {
        if (used[start / 64] == ~0ull) { // guests' memory is long runs of these
            start = round_up((start / 64 + 1) * 64, align);
            continue;
        }
        size_t length = 0;
        while (length < count && !is_used(start + length))
            length++;
        if (length == count)
            return start;
        start = round_up(start + length + 1, align);
    }
    return to;
}

enum bh_error frames_alloc(size_t count, size_t align, hpa *out) {
    if (!count || count > available)
        return BH_ENOMEM;
    size_t start = find_run(search_hint, frame_limit, count, align);
    if (start == frame_limit)
        start = find_run(0, frame_limit, count, align);
    if (start == frame_limit)
        return BH_ENOMEM;
    mark(start, count, true);
    search_hint = start + count;
    *out = start * BH_PAGE_SIZE;
    return BH_OK;
}

void frames_free(hpa start, size_t count) {
    size_t first = start / BH_PAGE_SIZE;
    mark(first, count, false);
    if (first < search_hint)
        search_hint = first;
}

size_t frames_free_count(void) {
    return available;
}

size_t frames_total_count(void) {
    return total;
}
