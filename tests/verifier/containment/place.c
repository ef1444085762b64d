// SPDX-License-Identifier: MIT
//
// The slot as the kernel's loader lays it out: the table, the image's segments with their protections and relocations, some memory of the
// heap, of the data stacks and of the exchange window. That memory starts full of pointers such as an attacker would leave there, and is
// so again for each image. All around is address space that may not be touched. The host's memory can be made read-only for a while.
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/verifier/containment/sandbox.h"

#define WINDOW_SIZE 0x10000u
#define HOST_AREAS_MAX 256

struct area {
    uint64_t start, size;
};

static const uint64_t windows[] = {BH_SLOT_HEAP, BH_SLOT_STACKS, BH_SLOT_EXCHANGE, BH_SLOT_EXCHANGE_END - WINDOW_SIZE};
static struct area mapped[VERIFY_SEGMENTS_MAX];
static uint32_t mapped_count;
static struct area host[HOST_AREAS_MAX];
static uint32_t host_count;

static bool map_at(uint64_t address, size_t size, int protection, int how) {
    return mmap((void *)address, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | how, -1, 0) == (void *)address;
}

static bool map_windows(void) {
    int file = memfd_create("window", 0);
    if (file < 0)
        return false;
    for (uint32_t i = 0; i < WINDOW_SIZE / 8; i++) {
        uint64_t word = random_pointer();
        if (write(file, &word, sizeof(word)) != sizeof(word))
            return false;
    }
    bool good = true;
    for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
        void *place = (void *)(BASE + windows[i]);
        good &= mmap(place, WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0) == place;
    }
    close(file);
    return good;
}

static bool map_table(void) {
    if (mprotect((void *)(BASE + BH_SLOT_TABLE), BH_SLOT_TABLE_SIZE, PROT_READ | PROT_WRITE))
        return false;
    *(uint64_t *)(BASE + BH_TABLE_BASE) = BASE;
    for (uint64_t at = BH_TABLE_CALLS; at < BH_TABLE_END; at += 8)
        *(uint64_t *)(BASE + at) = (uint64_t)sandbox_call;
    return mprotect((void *)(BASE + BH_SLOT_TABLE), BH_SLOT_TABLE_SIZE, PROT_READ) == 0;
}

bool place_open(void) {
    static const uint64_t forbidden[] = {BASE - BH_SLOT_SIZE, BASE + BH_SLOT_SIZE, NOWHERE, CONTROL + BH_CONTROL_STACK_SIZE};
    bool good = map_at(BASE, BH_SLOT_SIZE, PROT_NONE, MAP_FIXED_NOREPLACE) &&
                map_at(CONTROL, BH_CONTROL_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE);
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
        good &= map_at(forbidden[i], BH_SLOT_SIZE, PROT_NONE, MAP_FIXED_NOREPLACE);
    return good && mprotect((void *)(CONTROL + BH_CONTROL_BLOCK_SIZE), BH_CONTROL_GUARD_SIZE, PROT_NONE) == 0 && map_windows() && map_table();
}

static void clear(void) {
    for (uint32_t i = 0; i < mapped_count; i++)
        map_at(mapped[i].start, mapped[i].size, PROT_NONE, MAP_FIXED);
    mapped_count = 0;
    for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++)
        madvise((void *)(BASE + windows[i]), WINDOW_SIZE, MADV_DONTNEED);
}

static int protection_of(const struct verified_segment *s) {
    return PROT_READ | (s->protection & VERIFY_WRITE ? PROT_WRITE : 0) | (s->protection & VERIFY_EXECUTE ? PROT_EXEC : 0);
}

void place_load(const struct verified_image *image) {
    clear();
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *s = &image->segments[i];
        uint64_t start = BASE + (s->start & ~(BH_PAGE_SIZE - 1));
        uint64_t end = (BASE + s->start + s->memory_size + BH_PAGE_SIZE - 1) & ~(BH_PAGE_SIZE - 1);
        mapped[mapped_count++] = (struct area){start, end - start};
        map_at(start, end - start, PROT_READ | PROT_WRITE, MAP_FIXED);
        memcpy((void *)(BASE + s->start), image->bytes + s->file_offset, s->file_size);
    }
    for (uint32_t i = 0; i < image->relocation_count; i++)
        *(uint64_t *)(BASE + image->relocations[i]) += BASE;
    for (uint32_t i = 0; i < image->segment_count; i++)
        mprotect((void *)mapped[i].start, mapped[i].size, protection_of(&image->segments[i]));
}

extern char __data_start[], _end[];

// Is this memory of the sandbox, or needed while something runs in it: this program's own variables, the stack, and the thread's block,
// in which the kernel notes the processor (rseq)?
static bool is_needed(uint64_t start, uint64_t end) {
    uint64_t here = (uint64_t)__builtin_frame_address(0), self = (uint64_t)pthread_self();
    return (start < (uint64_t)_end && end > (uint64_t)__data_start) || (here >= start && here < end) || (self >= start && self < end) ||
           (start >= BASE - BH_SLOT_SIZE && start < NOWHERE + BH_SLOT_SIZE);
}

static void find_host(void) {
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof(line), maps)) {
        unsigned long start, end;
        char rights[8];
        bool known = sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 && strncmp(rights, "rw-p", 4) == 0;
        if (known && host_count < HOST_AREAS_MAX && !is_needed(start, end))
            host[host_count++] = (struct area){start, end - start};
    }
    if (maps)
        fclose(maps);
}

void sandbox_protect(bool on) {
    if (on) {
        host_count = 0;
        find_host();
    }
    for (uint32_t i = 0; i < host_count; i++)
        mprotect((void *)host[i].start, host[i].size, on ? PROT_READ : PROT_READ | PROT_WRITE);
}
