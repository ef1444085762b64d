// SPDX-License-Identifier: MIT
//
// Second-level page tables of VT-d: what the devices of one space reach. Not present: nothing.
#ifndef BH_PC_VTD_TABLES_H
#define BH_PC_VTD_TABLES_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/platform/platform.h"

struct vtd_tables {
    hpa root;             // 0: not made
    uint32_t levels;      // 3: 39 bits of address, 4: 48
    bool large;           // leaves of 2 MiB are allowed
    bool coherent;        // the unit sees the processor's caches; else each write to a table is flushed
    uint32_t table_count; // frames in use
};

// Make empty tables; levels, large and coherent have been filled in. BH_ENOMEM.
enum bh_error vtd_tables_create(struct vtd_tables *tables);
void vtd_tables_destroy(struct vtd_tables *tables); // nothing must use them any more
// Map [at, at + size) to `to`, all multiples of the page size and below 2^(12 + 9 * levels); what was mapped there is replaced. *replaced: something was, so
// that units may have it cached. BH_ENOMEM: then nothing is mapped there.
enum bh_error vtd_tables_map(struct vtd_tables *tables, uint64_t at, hpa to, uint64_t size, bool write, bool *replaced);
// Returns whether anything was mapped.
bool vtd_tables_unmap(struct vtd_tables *tables, uint64_t at, uint64_t size);
// Make what was written to a table, a root or a context entry visible to a unit that does not look into caches.
void vtd_flush_memory(const volatile void *start, uint64_t size);

#endif
