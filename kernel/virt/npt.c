// SPDX-License-Identifier: MIT
//
// Nested page tables. Invariant: a present entry above level 1 without PTE_LARGE points to a table that this file allocated.
// A large leaf is split before part of it changes. Called by guest.c, which owns locking.
#include "kernel/virt/npt.h"

#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/base.h"
#include "kernel/mm/frames.h"

#define PTE_PRESENT 1ull
#define PTE_WRITE 2ull
#define PTE_USER 4ull // every nested access counts as a user access (15.25.5)
#define PTE_LARGE 0x80ull
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull
#define LARGE_SIZE (2ull << 20)

static uint64_t *table_at(hpa address) {
    return platform_direct(address);
}

static enum bh_error new_table(struct npt *npt, hpa *out) {
    enum bh_error error = frames_alloc(1, 1, out);
    if (error)
        return error;
    memset(table_at(*out), 0, BH_PAGE_SIZE);
    npt->table_count++;
    return BH_OK;
}

enum bh_error npt_create(struct npt *npt) {
    npt->table_count = 0;
    return new_table(npt, &npt->root);
}

static void free_level(struct npt *npt, hpa table, int level) {
    for (int i = 0; level > 1 && i < 512; i++) {
        uint64_t entry = table_at(table)[i];
        if ((entry & PTE_PRESENT) && !(entry & PTE_LARGE))
            free_level(npt, entry & PTE_ADDRESS, level - 1);
    }
    frames_free(table, 1);
    npt->table_count--;
}

void npt_destroy(struct npt *npt) {
    free_level(npt, npt->root, 4);
    npt->root = 0;
}

static unsigned index_at(gpa address, int level) {
    return (address >> (12 + 9 * (level - 1))) & 511;
}

// Replace a 2 MiB leaf by a table of 4 KiB leaves that map the same.
static enum bh_error split(struct npt *npt, uint64_t *entry) {
    hpa table;
    enum bh_error error = new_table(npt, &table);
    if (error)
        return error;
    uint64_t flags = *entry & ~(PTE_ADDRESS | PTE_LARGE);
    for (uint64_t i = 0; i < 512; i++)
        table_at(table)[i] = ((*entry & PTE_ADDRESS) + i * BH_PAGE_SIZE) | flags;
    *entry = table | PTE_PRESENT | PTE_WRITE | PTE_USER;
    return BH_OK;
}

// The entry for `address` at `level`, making (or splitting) tables on the way.
static enum bh_error entry_at(struct npt *npt, gpa address, int level, uint64_t **out) {
    hpa table = npt->root;
    for (int at = 4; at > level; at--) {
        uint64_t *entry = &table_at(table)[index_at(address, at)];
        enum bh_error error = BH_OK;
        if (!(*entry & PTE_PRESENT)) {
            hpa fresh;
            error = new_table(npt, &fresh);
            if (!error)
                *entry = fresh | PTE_PRESENT | PTE_WRITE | PTE_USER;
        } else if (*entry & PTE_LARGE) {
            error = split(npt, entry);
        }
        if (error)
            return error;
        table = *entry & PTE_ADDRESS;
    }
    *out = &table_at(table)[index_at(address, level)];
    return BH_OK;
}

static uint64_t leaf_flags(uint32_t rights) {
    return PTE_PRESENT | PTE_USER | (rights & 2 ? PTE_WRITE : 0) | (rights & 4 ? 0 : PTE_NX);
}

// Can a 2 MiB leaf stand here? Only where no table stands already.
static bool fits_large(struct npt *npt, gpa from, hpa to, uint64_t size, uint64_t **entry) {
    if ((from | to) % LARGE_SIZE || size < LARGE_SIZE)
        return false;
    if (entry_at(npt, from, 2, entry))
        return false;
    return !(**entry & PTE_PRESENT) || (**entry & PTE_LARGE);
}

enum bh_error npt_map(struct npt *npt, gpa from, hpa to, uint64_t size, uint32_t rights) {
    uint64_t flags = leaf_flags(rights);
    while (size) {
        uint64_t *entry, step = LARGE_SIZE;
        if (fits_large(npt, from, to, size, &entry)) {
            *entry = to | flags | PTE_LARGE;
        } else {
            enum bh_error error = entry_at(npt, from, 1, &entry);
            if (error)
                return error;
            *entry = to | flags;
            step = BH_PAGE_SIZE;
        }
        from += step;
        to += step;
        size -= step;
    }
    return BH_OK;
}

// The lowest present entry that covers `address`, or NULL; *span is how much it covers.
static uint64_t *find_leaf(struct npt *npt, gpa address, uint64_t *span) {
    hpa table = npt->root;
    for (int level = 4;; level--) {
        uint64_t *entry = &table_at(table)[index_at(address, level)];
        *span = 1ull << (12 + 9 * (level - 1));
        if (!(*entry & PTE_PRESENT))
            return NULL;
        if (level == 1 || (*entry & PTE_LARGE))
            return entry;
        table = *entry & PTE_ADDRESS;
    }
}

void npt_unmap(struct npt *npt, gpa from, uint64_t size) {
    gpa end = from + size;
    while (from < end) {
        uint64_t span;
        uint64_t *entry = find_leaf(npt, from, &span);
        bool whole = from % span == 0 && end - from >= span;
        if (entry && !whole && span > BH_PAGE_SIZE) {
            if (split(npt, entry)) {
                *entry = 0; // no memory to keep the rest: the guest loses more, never gains
                from = (from & ~(span - 1)) + span;
            }
            continue;
        }
        if (entry)
            *entry = 0;
        from = (from & ~(span - 1)) + span;
    }
}
