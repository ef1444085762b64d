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

enum bh_error space_protect(uint64_t va, uint64_t size, enum map_flags flags) {
    check_flags(flags);
    return platform_protect(va, size, flags);
}

enum bh_error space_lookup(uint64_t va, hpa *frame) {
    return platform_lookup(va, frame);
}

enum bh_error space_map_fresh(uint64_t va, uint64_t size, enum map_flags flags) {
    check_flags(flags);
    uint64_t done = 0;
    while (done < size) {
        hpa frame;
        enum bh_error error = frames_alloc(1, 1, &frame);
        if (!error) {
            memset(platform_direct(frame), 0, BH_PAGE_SIZE);
            error = platform_map(va + done, frame, BH_PAGE_SIZE, flags);
            if (error)
                frames_free(frame, 1);
        }
        if (error) {
            space_unmap_fresh(va, done);
            return error;
        }
        done += BH_PAGE_SIZE;
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
