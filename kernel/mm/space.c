// SPDX-License-Identifier: MIT
//
// The address space: W^X on top of the platform's page tables, and who owns the frames of fresh mappings. Invariant: no page
// is writable and executable at once.
#include "kernel/mm/space.h"

#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/base.h"
#include "kernel/mm/frames.h"

static void check_flags(enum map_flags flags) {
    BH_ASSERT(!((flags & MAP_WRITE) && (flags & MAP_EXECUTE)));
}

enum bh_error space_map(uint64_t va, hpa frames, uint64_t size, enum map_flags flags) {
    check_flags(flags);
    return platform_map(va, frames, size, flags);
}

void space_unmap(uint64_t va, uint64_t size) {
    platform_unmap(va, size);
}

void space_drop_table(uint64_t va) {
    platform_drop_table(va);
}

enum bh_error space_protect(uint64_t va, uint64_t size, enum map_flags flags) {
    check_flags(flags);
    return platform_protect(va, size, flags);
}

enum bh_error space_lookup(uint64_t va, hpa *frame) {
    return platform_lookup(va, frame);
}

// The first pages of [va, va + size) on a contiguous run of frames, as long a one as there is at once, halving the wish: one mapping costs less than one for
// each page. *done: bytes.
static enum bh_error map_run(uint64_t va, uint64_t size, enum map_flags flags, uint64_t *done) {
    hpa frames;
    uint64_t count = size / BH_PAGE_SIZE;
    enum bh_error error = frames_alloc(count, 1, &frames);
    for (; error && count > 1; error = frames_alloc(count, 1, &frames))
        count /= 2;
    if (error)
        return error;
    memset(platform_direct(frames), 0, count * BH_PAGE_SIZE);
    error = platform_map(va, frames, count * BH_PAGE_SIZE, flags);
    if (error)
        frames_free(frames, count);
    *done = count * BH_PAGE_SIZE;
    return error;
}

enum bh_error space_map_fresh(uint64_t va, uint64_t size, enum map_flags flags) {
    check_flags(flags);
    for (uint64_t done = 0, run; done < size; done += run) {
        enum bh_error error = map_run(va + done, size - done, flags, &run);
        if (error) {
            space_unmap_fresh(va, done);
            return error;
        }
    }
    return BH_OK;
}

void space_unmap_fresh(uint64_t va, uint64_t size) {
    for (uint64_t done = 0; done < size; done += BH_PAGE_SIZE) {
        hpa frame;
        if (platform_lookup(va + done, &frame) == BH_OK)
            frames_free(frame, 1);
    }
    if (size)
        platform_unmap(va, size);
}
