// SPDX-License-Identifier: MIT
//
// The address space made of shared mappings of one memory file: a frame is an offset in it. A shadow table, one entry a page,
// remembers which frame stands where.
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/abi/slot.h"
#include "kernel/arch/x86_64/guarded.h"
#include "kernel/mm/stacks.h"
#include "kernel/platform/hosted/hosted.h"
#include "kernel/platform/platform.h"

#define PAGES_PER_SLOT (BH_SLOT_SIZE / BH_PAGE_SIZE)

static int memory_fd = -1;
static uint8_t *memory;
static uint64_t memory_size;
static uint32_t *shadow[BH_SLOT_COUNT + 1]; // per 4 GiB: frame number + 1 of each page; the last is the control stacks

static int reserve(uint64_t start, uint64_t size) {
    void *got = mmap((void *)start, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    return got == (void *)start ? 0 : -1;
}

int hosted_paging_start(uint64_t size) {
    memory_size = size;
    memory_fd = memfd_create("bulkhead", MFD_CLOEXEC);
    if (memory_fd < 0 || ftruncate(memory_fd, (off_t)size) < 0 ||
        (memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0)) == MAP_FAILED ||
        reserve(BH_SLOT_AREA, BH_SLOT_COUNT * BH_SLOT_SIZE + BH_SLOT_GUARD) < 0 || reserve(CONTROL_STACK_AREA, BH_SLOT_SIZE) < 0) {
        fprintf(stderr, "bulkhead: cannot set up %llu MiB of memory: %s\n", (unsigned long long)size >> 20, strerror(errno));
        return -1;
    }
    return 0;
}

int hosted_memory_file(void) {
    return memory_fd;
}

static uint32_t *shadow_of(uint64_t va) {
    uint64_t index = va >= CONTROL_STACK_AREA ? BH_SLOT_COUNT : (va - BH_SLOT_AREA) / BH_SLOT_SIZE;
    if (va < BH_SLOT_AREA || index > BH_SLOT_COUNT)
        return NULL;
    if (!shadow[index]) {
        void *table = mmap(NULL, PAGES_PER_SLOT * sizeof(uint32_t), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (table == MAP_FAILED)
            return NULL;
        shadow[index] = table;
    }
    return &shadow[index][va % BH_SLOT_SIZE / BH_PAGE_SIZE];
}

static int protection(enum map_flags flags) {
    return (flags & MAP_READ ? PROT_READ : 0) | (flags & MAP_WRITE ? PROT_WRITE : 0) |
           (flags & MAP_EXECUTE ? PROT_EXEC : 0);
}

enum bh_error platform_map(uint64_t va, hpa frame, uint64_t size, enum map_flags flags) {
    uint32_t *entry = shadow_of(va);
    if (!entry || mmap((void *)va, size, protection(flags), MAP_SHARED | MAP_FIXED, memory_fd, (off_t)frame) == MAP_FAILED)
        return BH_ENOMEM;
    for (uint64_t page = 0; page < size / BH_PAGE_SIZE; page++)
        entry[page] = (uint32_t)(frame / BH_PAGE_SIZE + page + 1);
    process_map(va, frame, size, protection(flags));
    return BH_OK;
}

void platform_unmap(uint64_t va, uint64_t size) {
    uint32_t *entry = shadow_of(va);
    if (!entry || !size)
        return;
    mmap((void *)va, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    memset(entry, 0, size / BH_PAGE_SIZE * sizeof(*entry));
    process_unmap(va, size);
}

void platform_drop_table(uint64_t va) {
    (void)va; // they are Linux's
}

// What becomes text is mapped anew, privately: a debugger can put breakpoints only into pages that are copied when it writes. Nobody else
// writes text.
static enum bh_error make_text(uint64_t va, uint64_t size, enum map_flags flags) {
    const uint32_t *entry = shadow_of(va);
    uint64_t count = size / BH_PAGE_SIZE, run;
    for (uint64_t page = 0; entry && page < count; page += run) {
        off_t frame = (off_t)(entry[page] - 1) * (off_t)BH_PAGE_SIZE;
        void *at = (void *)(va + page * BH_PAGE_SIZE);
        for (run = 1; page + run < count && entry[page + run] == entry[page] + run;)
            run++;
        if (!entry[page] || mmap(at, run * BH_PAGE_SIZE, protection(flags), MAP_PRIVATE | MAP_FIXED, memory_fd, frame) == MAP_FAILED)
            return BH_ENOMEM;
    }
    return entry ? BH_OK : BH_EFAULT;
}

enum bh_error platform_protect(uint64_t va, uint64_t size, enum map_flags flags) {
    process_protect(va, size, protection(flags));
    if (flags & MAP_EXECUTE)
        return make_text(va, size, flags);
    return mprotect((void *)va, size, protection(flags)) == 0 ? BH_OK : BH_ENOMEM;
}

enum bh_error platform_lookup(uint64_t va, hpa *frame) {
    uint32_t *entry = shadow_of(va);
    if (!entry || !*entry)
        return BH_EFAULT;
    *frame = (hpa)(*entry - 1) * BH_PAGE_SIZE;
    return BH_OK;
}

void platform_memory_use(uint64_t *table_frames, uint64_t *heap_bytes) {
    *table_frames = *heap_bytes = 0;
}

void *platform_direct(hpa address) {
    return memory + address;
}

hpa platform_direct_to_hpa(const void *pointer) {
    return (hpa)((const uint8_t *)pointer - memory);
}

enum bh_error platform_copy_guarded(void *to, const void *from, size_t size) {
    return guarded_copy(to, from, size) ? BH_EFAULT : BH_OK;
}
