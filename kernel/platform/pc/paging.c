// SPDX-License-Identifier: MIT
//
// Four-level page tables of the one address space. Three parts: the kernel's image at its link address, text read-only,
// data not executable; the direct map of all memory (cached) and of everything else below 4 GiB (not cached, for devices);
// slots and control stacks, mapped on request. Page 0 is never mapped. Invariants: a table, once made, stays where it is, but for those of level 1
// that are dropped, and stays a table: a processor that still walks an old one finds nothing that is not an entry; a present entry of level 2
// with PTE_LARGE is a leaf and is split before a part of it changes. Whether a page is one of user mode is said by its leaf: tables do not
// limit it, but for those of the top level.
#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/arch/x86_64/guarded.h"
#include "kernel/base.h"
#include "kernel/mm/frames.h"
#include "kernel/platform/pc/iommu.h"
#include "kernel/platform/pc/keys.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/platform/pc/smp.h"

#define PTE_PRESENT 1ull
#define PTE_WRITE 2ull
#define PTE_USER 4ull
#define PTE_WRITE_THROUGH 8ull
#define PTE_NO_CACHE 0x10ull
#define PTE_LARGE 0x80ull
#define PTE_NO_EXECUTE (1ull << 63)
#define PTE_KEY(key) ((uint64_t)(key) << 59)
#define PTE_ADDRESS 0x000ffffffffff000ull
#define LARGE_SIZE (2ull << 20)
#define LOW_END 0x100000000ull
#define FLUSH_ALL_FROM 32 // pages; from there on reloading cr3 is cheaper
#define PHYSICAL_END (1ull << 46)

hpa paging_root;
static uint64_t slot_bits[BH_SLOT_COUNT]; // by slot, in all its leaves
static uint64_t table_count;
static hpa spare_tables; // dropped, all zero but for the first entry, which is not present and says where the next one is
static uint64_t direct_offset; // 0 on the boot page tables (identity), then DIRECT_BASE

static uint64_t *table_at(hpa address) {
    return (uint64_t *)(direct_offset + address);
}

static enum bh_error new_table(hpa *out) {
    if (spare_tables) {
        *out = spare_tables;
        spare_tables = *table_at(*out);
        *table_at(*out) = 0;
        return BH_OK;
    }
    if (boot_frames_given()) {
        enum bh_error error = frames_alloc(1, 1, out);
        if (error)
            return error;
    } else if ((*out = boot_take_frame()) == 0) {
        return BH_ENOMEM;
    }
    memset(table_at(*out), 0, BH_PAGE_SIZE);
    table_count++;
    return BH_OK;
}

void platform_memory_use(uint64_t *table_frames, uint64_t *heap_bytes) {
    *table_frames = table_count + iommu_table_frames();
    *heap_bytes = libc_heap_bytes;
}

static uint64_t leaf_bits(enum map_flags flags) {
    uint64_t bits = flags & (MAP_READ | MAP_WRITE | MAP_EXECUTE) ? PTE_PRESENT : 0;
    if (flags & MAP_WRITE)
        bits |= PTE_WRITE;
    if (!(flags & MAP_EXECUTE))
        bits |= PTE_NO_EXECUTE;
    if (flags & MAP_UNCACHED)
        bits |= PTE_NO_CACHE | PTE_WRITE_THROUGH;
    return bits;
}

static uint64_t bits_at(uint64_t va) {
    uint64_t slot = (va - BH_SLOT_AREA) / BH_SLOT_SIZE;
    return va >= BH_SLOT_AREA && slot < BH_SLOT_COUNT ? slot_bits[slot] : 0;
}

static unsigned index_at(uint64_t va, int level) {
    return (va >> (12 + 9 * (level - 1))) & 511;
}

// Replace a 2 MiB leaf by a table of 4 KiB leaves that map the same.
static enum bh_error split(uint64_t *entry) {
    hpa table;
    enum bh_error error = new_table(&table);
    if (error)
        return error;
    uint64_t bits = *entry & ~(PTE_ADDRESS | PTE_LARGE);
    for (uint64_t i = 0; i < 512; i++)
        table_at(table)[i] = ((*entry & PTE_ADDRESS) + i * BH_PAGE_SIZE) | bits;
    *entry = table | PTE_PRESENT | PTE_WRITE | PTE_USER;
    return BH_OK;
}

// The entry of `va` at `level`; tables on the way are made (and leaves split) when `make` says so.
static enum bh_error entry_at(uint64_t va, int level, bool make, uint64_t **out) {
    hpa table = paging_root;
    for (int at = 4; at > level; at--) {
        uint64_t *entry = &table_at(table)[index_at(va, at)];
        enum bh_error error = BH_OK;
        if (!(*entry & PTE_PRESENT)) {
            hpa fresh;
            error = make ? new_table(&fresh) : BH_EFAULT;
            if (!error)
                *entry = fresh | PTE_PRESENT | PTE_WRITE | (at < 4 ? PTE_USER : 0);
        } else if (*entry & PTE_LARGE) {
            error = make ? split(entry) : BH_EFAULT;
        }
        if (error)
            return error;
        table = *entry & PTE_ADDRESS;
    }
    *out = &table_at(table)[index_at(va, level)];
    return BH_OK;
}

static void flush(uint64_t va, uint64_t size) {
    if (!direct_offset)
        return;
    if (size > FLUSH_ALL_FROM * BH_PAGE_SIZE) {
        uint64_t cr3;
        __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
        return;
    }
    for (uint64_t done = 0; done < size; done += BH_PAGE_SIZE)
        __asm__ volatile("invlpg (%0)" : : "r"(va + done) : "memory");
}

// Other processors hold old entries only where there was one.
static void flush_everywhere(uint64_t va, uint64_t size, bool had_entries) {
    flush(va, size);
    if (had_entries)
        smp_flush_others();
}

static bool is_table(uint64_t entry) {
    return (entry & PTE_PRESENT) && !(entry & PTE_LARGE);
}

static enum bh_error map_piece(uint64_t va, hpa frame, uint64_t size, uint64_t bits, uint64_t *done, bool *had_entries) {
    uint64_t *entry;
    if (!(va % LARGE_SIZE) && !(frame % LARGE_SIZE) && size >= LARGE_SIZE) {
        enum bh_error error = entry_at(va, 2, true, &entry);
        if (error)
            return error;
        if (!is_table(*entry)) {
            *had_entries |= *entry & PTE_PRESENT;
            *entry = frame | bits | PTE_LARGE;
            *done = LARGE_SIZE;
            return BH_OK;
        }
    }
    enum bh_error error = entry_at(va, 1, true, &entry);
    if (error)
        return error;
    // The rest of this table in one go.
    uint64_t pages = 512 - index_at(va, 1);
    if (pages > size / BH_PAGE_SIZE)
        pages = size / BH_PAGE_SIZE;
    for (uint64_t i = 0; i < pages; i++) {
        *had_entries |= entry[i] & PTE_PRESENT;
        entry[i] = (frame + i * BH_PAGE_SIZE) | bits;
    }
    *done = pages * BH_PAGE_SIZE;
    return BH_OK;
}

enum bh_error platform_map(uint64_t va, hpa frame, uint64_t size, enum map_flags flags) {
    BH_ASSERT(!(va % BH_PAGE_SIZE) && !(frame % BH_PAGE_SIZE) && !(size % BH_PAGE_SIZE));
    uint64_t bits = leaf_bits(flags) | bits_at(va), step;
    bool had_entries = false;
    for (uint64_t done = 0; done < size; done += step) {
        enum bh_error error = map_piece(va + done, frame + done, size - done, bits, &step, &had_entries);
        if (error) {
            platform_unmap(va, done);
            return error;
        }
    }
    flush_everywhere(va, size, had_entries);
    return BH_OK;
}

// How far the walk can skip from `va` when the entry at this level is absent.
static uint64_t span_left(uint64_t va, int level) {
    uint64_t span = 1ull << (12 + 9 * (level - 1));
    return span - va % span;
}

// Find the leaf of `va`, splitting a large one when [va, va + size) does not cover it. Returns its level, or 0 with *skip set.
static int leaf_at(uint64_t va, uint64_t size, uint64_t **out, uint64_t *skip) {
    for (int level = 4; level >= 2; level--) {
        uint64_t *entry;
        if (entry_at(va, level, false, &entry) != BH_OK || !(*entry & PTE_PRESENT)) {
            *skip = span_left(va, level);
            return 0;
        }
        if (!(*entry & PTE_LARGE))
            continue;
        if (!(va % LARGE_SIZE) && size >= LARGE_SIZE) {
            *out = entry;
            return level;
        }
        if (split(entry) != BH_OK)
            panic("paging: no memory to split a large page at 0x%llx", (unsigned long long)va);
    }
    (void)entry_at(va, 1, false, out);
    return 1;
}

// Rewrite the leaves of a range: keep their addresses with new bits, or clear them.
static void change(uint64_t va, uint64_t size, bool clear, uint64_t bits) {
    uint64_t step;
    bool had_entries = false;
    for (uint64_t done = 0; done < size; done += step) {
        uint64_t *entry;
        int level = leaf_at(va + done, size - done, &entry, &step);
        if (!level)
            continue;
        step = level == 2 ? LARGE_SIZE : BH_PAGE_SIZE;
        had_entries |= *entry & PTE_PRESENT;
        if (clear)
            *entry = 0;
        else if (*entry & PTE_PRESENT || *entry & PTE_ADDRESS)
            *entry = (*entry & (PTE_ADDRESS | (level == 2 ? PTE_LARGE : 0))) | bits;
    }
    flush_everywhere(va, size, had_entries);
}

void platform_unmap(uint64_t va, uint64_t size) {
    change(va, size, true, 0);
}

static bool maps_nothing(const uint64_t *table) {
    uint64_t any = 0;
    for (unsigned i = 0; i < 512; i++)
        any |= table[i];
    return !any;
}

void platform_drop_table(uint64_t va) {
    uint64_t *entry;
    if (entry_at(va, 2, false, &entry) != BH_OK || !is_table(*entry))
        return;
    hpa table = *entry & PTE_ADDRESS;
    if (!maps_nothing(table_at(table)))
        return;
    *entry = 0;
    flush_everywhere(va, BH_PAGE_SIZE, true); // processors keep entries of this level, too
    *table_at(table) = spare_tables;
    spare_tables = table;
}

enum bh_error platform_protect(uint64_t va, uint64_t size, enum map_flags flags) {
    change(va, size, false, leaf_bits(flags) | bits_at(va));
    return BH_OK;
}

enum bh_error platform_lookup(uint64_t va, hpa *frame) {
    uint64_t *entry;
    if (entry_at(va, 2, false, &entry) != BH_OK || !(*entry & PTE_PRESENT))
        return BH_EFAULT;
    if (*entry & PTE_LARGE) {
        *frame = ((*entry & PTE_ADDRESS) + va % LARGE_SIZE) & ~(BH_PAGE_SIZE - 1);
        return BH_OK;
    }
    uint64_t leaf = table_at(*entry & PTE_ADDRESS)[index_at(va, 1)];
    if (!(leaf & PTE_ADDRESS) && !(leaf & PTE_PRESENT))
        return BH_EFAULT;
    *frame = leaf & PTE_ADDRESS;
    return BH_OK;
}

void *platform_direct(hpa address) {
    return (void *)(direct_offset + address);
}

hpa platform_direct_to_hpa(const void *pointer) {
    uint64_t va = (uint64_t)pointer;
    return va >= DIRECT_BASE ? va - DIRECT_BASE : va; // the kernel's image stands at its physical address
}

enum bh_error platform_copy_guarded(void *to, const void *from, size_t size) {
    return guarded_copy(to, from, size) ? BH_EFAULT : BH_OK;
}

static void must(enum bh_error error) {
    if (error)
        boot_refuse("too little memory for the page tables; give the machine more (QEMU: -m 1G)");
}

static void map_image(const uint8_t *from, const uint8_t *to, enum map_flags flags) {
    uint64_t start = (uint64_t)from & ~(BH_PAGE_SIZE - 1);
    must(platform_map(start, start, round_up((uint64_t)to, BH_PAGE_SIZE) - start, flags));
}

// Is any of [start, start + size) memory; is all of it?
static void memory_in(hpa start, uint64_t size, bool *any, bool *all) {
    uint64_t covered = 0;
    for (size_t i = 0; i < boot_info.ram_count; i++) {
        hpa from = boot_info.ram[i].start, to = from + boot_info.ram[i].size;
        from = from > start ? from : start;
        to = to < start + size ? to : start + size;
        if (to > from)
            covered += to - from;
    }
    *any = covered > 0;
    *all = covered == size;
}

static void map_direct(hpa start, uint64_t size, enum map_flags flags) {
    must(platform_map(DIRECT_BASE + start, start, size, flags));
}

// Memory cached, all else below 4 GiB not.
static void map_low(void) {
    bool any, all;
    for (hpa at = 0; at < LOW_END; at += LARGE_SIZE) {
        memory_in(at, LARGE_SIZE, &any, &all);
        if (all || !any) {
            map_direct(at, LARGE_SIZE, MAP_READ | MAP_WRITE | (any ? 0 : MAP_UNCACHED));
            continue;
        }
        for (hpa page = at; page < at + LARGE_SIZE; page += BH_PAGE_SIZE) {
            memory_in(page, BH_PAGE_SIZE, &any, &all);
            map_direct(page, BH_PAGE_SIZE, MAP_READ | MAP_WRITE | (any ? 0 : MAP_UNCACHED));
        }
    }
}

static void map_high(void) {
    for (size_t i = 0; i < boot_info.ram_count; i++) {
        hpa start = round_up(boot_info.ram[i].start, BH_PAGE_SIZE);
        hpa end = (boot_info.ram[i].start + boot_info.ram[i].size) & ~(BH_PAGE_SIZE - 1);
        if (start < LOW_END)
            start = LOW_END;
        if (end > PHYSICAL_END)
            end = PHYSICAL_END;
        if (end > start)
            map_direct(start, end - start, MAP_READ | MAP_WRITE);
    }
}

void paging_start(void) {
    must(new_table(&paging_root));
    map_image(kernel_start, kernel_text_end, MAP_READ | MAP_EXECUTE);
    map_image(kernel_rodata_start, kernel_data_start, MAP_READ);
    map_image(kernel_data_start, kernel_end, MAP_READ | MAP_WRITE);
    map_low();
    map_high();
    direct_offset = DIRECT_BASE;
    __asm__ volatile("mov %0, %%cr3" : : "r"(paging_root) : "memory");
}

enum bh_error paging_map_device(hpa address, uint64_t size) {
    hpa start = address & ~(BH_PAGE_SIZE - 1), end = round_up(address + size, BH_PAGE_SIZE);
    if (end <= start || end > PHYSICAL_END)
        return BH_ERANGE;
    for (hpa page = start; page < end; page += BH_PAGE_SIZE) {
        hpa frame;
        if (platform_lookup(DIRECT_BASE + page, &frame) == BH_OK)
            continue;
        enum bh_error error = platform_map(DIRECT_BASE + page, page, BH_PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_UNCACHED);
        if (error)
            return error;
    }
    return BH_OK;
}

// The kernel's tables, but in the slots' part only this slot, whose own tables are the same.
enum bh_error paging_own_space(uint32_t slot, hpa *root) {
    uint64_t base = BH_SLOT_AREA + slot * BH_SLOT_SIZE, *entry;
    hpa table;
    enum bh_error error = new_table(root);
    if (!error)
        error = new_table(&table);
    for (uint64_t va = base; !error && va < base + BH_SLOT_SIZE; va += 1ull << 30) {
        error = entry_at(va, 2, true, &entry); // so that the directory is there, and stays
        if (!error && entry_at(va, 3, false, &entry) == BH_OK)
            table_at(table)[index_at(va, 3)] = *entry;
    }
    if (error)
        return refuse(error, "paging: no memory for the page table of slot %u", slot);
    memcpy(table_at(*root), table_at(paging_root), BH_PAGE_SIZE);
    table_at(*root)[index_at(base, 4)] = table | PTE_PRESENT | PTE_WRITE | PTE_USER;
    slot_bits[slot] = PTE_USER;
    return BH_OK;
}

void paging_set_key(uint64_t va, uint64_t size, uint32_t key) {
    uint64_t *entry, skip;
    for (uint64_t at = va; at < va + size; at += BH_PAGE_SIZE)
        if (leaf_at(at, BH_PAGE_SIZE, &entry, &skip))
            *entry = (*entry & ~PTE_KEY(KEY_COUNT - 1)) | PTE_KEY(key);
    flush_everywhere(va, size, true);
}

void paging_slot_key(uint32_t slot, uint32_t key) {
    slot_bits[slot] = PTE_KEY(key);
}
