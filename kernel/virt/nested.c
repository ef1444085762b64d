// SPDX-License-Identifier: MIT
//
// Nested tables. Invariants: a present entry above level 1 that is not large points to a table that this file made; a table, once made, stays until the whole
// goes, so a unit that walks while we change sees an old entry or a new one, and no freed frame. Who takes rights away has whoever walks them forget before
// anything else is done with the memory (guest.c, iommu.c).
#include "kernel/virt/nested.h"

#include <string.h>

#include "kernel/abi/slot.h"
#include "kernel/base.h"
#include "kernel/mm/frames.h"

#define ENTRY_PRESENT (NESTED_READ | NESTED_WRITE) // any of them
#define ENTRY_LARGE 0x80ull
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define ENTRIES 512u
#define LARGE_SIZE (2ull << 20)

static uint64_t *table_at(hpa address) {
    return platform_direct(address);
}

static void written(const struct nested_tables *tables, const uint64_t *first, uint64_t count) {
    if (tables->flush)
        tables->flush(first, count * sizeof(*first));
}

static enum bh_error new_table(struct nested_tables *tables, hpa *out) {
    enum bh_error error = frames_alloc(1, 1, out);
    if (error)
        return error;
    memset(table_at(*out), 0, BH_PAGE_SIZE);
    written(tables, table_at(*out), ENTRIES);
    tables->table_count++;
    return BH_OK;
}

enum bh_error nested_create(struct nested_tables *tables) {
    tables->table_count = 0;
    return new_table(tables, &tables->root);
}

static void free_level(struct nested_tables *tables, hpa table, uint32_t level) {
    for (uint32_t i = 0; level > 1 && i < ENTRIES; i++) {
        uint64_t entry = table_at(table)[i];
        if ((entry & ENTRY_PRESENT) && !(entry & ENTRY_LARGE))
            free_level(tables, entry & ENTRY_ADDRESS, level - 1);
    }
    frames_free(table, 1);
    tables->table_count--;
}

void nested_destroy(struct nested_tables *tables) {
    free_level(tables, tables->root, tables->levels);
    tables->root = 0;
}

static uint64_t span_of(uint32_t level) {
    return 1ull << (12 + 9 * (level - 1));
}

static uint32_t index_at(uint64_t address, uint32_t level) {
    return (uint32_t)(address / span_of(level) % ENTRIES);
}

// Replace a large leaf by a table of leaves that map the same.
static enum bh_error split(struct nested_tables *tables, uint64_t *entry) {
    hpa table;
    enum bh_error error = new_table(tables, &table);
    if (error)
        return error;
    for (uint32_t i = 0; i < ENTRIES; i++)
        table_at(table)[i] = (*entry & ~ENTRY_LARGE) + i * BH_PAGE_SIZE;
    written(tables, table_at(table), ENTRIES);
    *entry = table | tables->inner;
    written(tables, entry, 1);
    return BH_OK;
}

// The entry of `at` at `level`; tables on the way are made, large leaves split.
static enum bh_error entry_at(struct nested_tables *tables, uint64_t at, uint32_t level, uint64_t **out) {
    hpa table = tables->root;
    for (uint32_t above = tables->levels; above > level; above--) {
        uint64_t *entry = &table_at(table)[index_at(at, above)];
        enum bh_error error = BH_OK;
        if (!(*entry & ENTRY_PRESENT)) {
            hpa fresh;
            error = new_table(tables, &fresh);
            if (!error) {
                *entry = fresh | tables->inner;
                written(tables, entry, 1);
            }
        } else if (*entry & ENTRY_LARGE) {
            error = split(tables, entry);
        }
        if (error)
            return error;
        table = *entry & ENTRY_ADDRESS;
    }
    *out = &table_at(table)[index_at(at, level)];
    return BH_OK;
}

static enum bh_error map_large(struct nested_tables *tables, uint64_t at, uint64_t leaf, bool *done, bool *replaced) {
    uint64_t *entry;
    enum bh_error error = entry_at(tables, at, 2, &entry);
    if (error || ((*entry & ENTRY_PRESENT) && !(*entry & ENTRY_LARGE)))
        return error; // a table stands there, and stays
    *replaced |= (*entry & ENTRY_PRESENT) != 0;
    *entry = leaf | ENTRY_LARGE;
    written(tables, entry, 1);
    *done = true;
    return BH_OK;
}

// As much of the range as one table of the lowest level, or one large leaf, covers.
static enum bh_error map_piece(struct nested_tables *tables, uint64_t at, uint64_t leaf, uint64_t size, uint64_t *step, bool *replaced) {
    uint64_t *entry;
    bool done = false;
    enum bh_error error = BH_OK;
    *step = LARGE_SIZE;
    if (tables->large && !(at % LARGE_SIZE) && !((leaf & ENTRY_ADDRESS) % LARGE_SIZE) && size >= LARGE_SIZE)
        error = map_large(tables, at, leaf, &done, replaced);
    if (error || done)
        return error;
    error = entry_at(tables, at, 1, &entry);
    if (error)
        return error;
    uint64_t pages = ENTRIES - index_at(at, 1);
    if (pages > size / BH_PAGE_SIZE)
        pages = size / BH_PAGE_SIZE;
    for (uint64_t i = 0; i < pages; i++) {
        *replaced |= (entry[i] & ENTRY_PRESENT) != 0;
        entry[i] = leaf + i * BH_PAGE_SIZE;
    }
    written(tables, entry, pages);
    *step = pages * BH_PAGE_SIZE;
    return BH_OK;
}

enum bh_error nested_map(struct nested_tables *tables, uint64_t at, hpa to, uint64_t size, uint64_t bits, bool *replaced) {
    uint64_t step;
    BH_ASSERT(!((at | to | size) % BH_PAGE_SIZE));
    *replaced = false;
    for (uint64_t done = 0; done < size; done += step) {
        enum bh_error error = map_piece(tables, at + done, (to + done) | bits, size - done, &step, replaced);
        if (error) {
            *replaced |= nested_unmap(tables, at, size);
            return error;
        }
    }
    return BH_OK;
}

// The leaf of `at`, or NULL; *span is how much it, or the gap that begins there, covers.
static uint64_t *find_leaf(const struct nested_tables *tables, uint64_t at, uint64_t *span) {
    hpa table = tables->root;
    for (uint32_t level = tables->levels;; level--) {
        uint64_t *entry = &table_at(table)[index_at(at, level)];
        *span = span_of(level);
        if (!(*entry & ENTRY_PRESENT))
            return NULL;
        if (level == 1 || (*entry & ENTRY_LARGE))
            return entry;
        table = *entry & ENTRY_ADDRESS;
    }
}

bool nested_unmap(struct nested_tables *tables, uint64_t at, uint64_t size) {
    uint64_t end = at + size, span;
    bool any = false;
    for (; at < end; at = (at | (span - 1)) + 1) {
        uint64_t *entry = find_leaf(tables, at, &span);
        if (!entry)
            continue;
        any = true;
        bool whole = !(at % span) && end - at >= span;
        if (!whole && split(tables, entry) == BH_OK)
            entry = find_leaf(tables, at, &span);
        *entry = 0; // without memory to split it: more is lost than had to be
        written(tables, entry, 1);
    }
    return any;
}
