// SPDX-License-Identifier: MIT
//
// Memory for the C library from the domain's heap window: brk grows it, mmap takes pages from it and keeps those given back for reuse.
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "runtime/calls.h"
#include "runtime/libc.h"

#define PAGE 4096ull
#define BRK_STEP (64ull << 10)
#define FREE_MAX 256

// Page ranges given back by munmap.
static struct range {
    uint64_t start, size;
} free_ranges[FREE_MAX];
static unsigned free_count;
static struct libc_lock lock;

static uint64_t brk_start, brk_now, brk_end;

static uint64_t pages(uint64_t size) {
    return (size + PAGE - 1) & ~(PAGE - 1);
}

static long map_pages(uint64_t size) {
    size = pages(size);
    for (unsigned i = 0; i < free_count; i++) {
        if (free_ranges[i].size < size)
            continue;
        uint64_t start = free_ranges[i].start;
        free_ranges[i].start += size;
        free_ranges[i].size -= size;
        if (!free_ranges[i].size)
            free_ranges[i] = free_ranges[--free_count];
        memset((void *)start, 0, size);
        return (long)start;
    }
    void *address = bh_call_heap_grow(size);
    return address ? (long)address : -ENOMEM;
}

static void join_ranges(unsigned i) {
    for (unsigned n = 0; n < free_count; n++)
        if (free_ranges[n].start == free_ranges[i].start + free_ranges[i].size) {
            free_ranges[i].size += free_ranges[n].size;
            free_ranges[n] = free_ranges[--free_count];
            return;
        }
}

static long unmap_pages(uint64_t start, uint64_t size) {
    size = pages(size);
    for (unsigned i = 0; i < free_count; i++) {
        if (free_ranges[i].start + free_ranges[i].size == start) {
            free_ranges[i].size += size;
            join_ranges(i);
            return 0;
        }
        if (start + size == free_ranges[i].start) {
            free_ranges[i].start = start;
            free_ranges[i].size += size;
            return 0;
        }
    }
    if (free_count < FREE_MAX)
        free_ranges[free_count++] = (struct range){start, size};
    return 0;
}

// A bigger block elsewhere; a smaller one gives its end back.
static long remap_pages(uint64_t start, uint64_t old_size, uint64_t size, bool may_move) {
    old_size = pages(old_size);
    size = pages(size);
    if (size <= old_size)
        return size < old_size ? unmap_pages(start + size, old_size - size), (long)start : (long)start;
    if (!may_move)
        return -ENOMEM;
    long moved = map_pages(size);
    if (moved > 0 || moved < -(long)PAGE) {
        memcpy((void *)moved, (const void *)start, old_size);
        unmap_pages(start, old_size);
    }
    return moved;
}

// The heap window has one end for everybody, so brk reserves in steps and answers "no" when something else took the next pages.
static long set_brk(uint64_t want) {
    if (!brk_start) {
        brk_start = brk_now = (uint64_t)bh_call_heap_grow(BRK_STEP);
        brk_end = brk_start ? brk_start + BRK_STEP : 0;
    }
    if (want < brk_start || want > brk_end + (64ull << 20))
        return (long)brk_now;
    while (want > brk_end) {
        uint64_t more = (uint64_t)bh_call_heap_grow(BRK_STEP);
        if (more != brk_end) {
            if (more)
                unmap_pages(more, BRK_STEP);
            return (long)brk_now;
        }
        brk_end += BRK_STEP;
    }
    brk_now = want;
    return (long)want;
}

long libc_memory_call(long number, long a, long b, long c, long d) {
    long result = -EINVAL;
    libc_lock(&lock);
    if (number == SYS_brk)
        result = set_brk((uint64_t)a);
    else if (number == SYS_mmap && b > 0)
        result = d & MAP_ANON ? map_pages((uint64_t)b) : -ENODEV; // files are not mapped
    else if (number == SYS_munmap)
        result = unmap_pages((uint64_t)a, (uint64_t)b);
    else if (number == SYS_mremap && c > 0)
        result = remap_pages((uint64_t)a, (uint64_t)b, (uint64_t)c, d & MREMAP_MAYMOVE);
    libc_unlock(&lock);
    return result;
}
