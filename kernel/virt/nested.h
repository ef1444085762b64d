// SPDX-License-Identifier: MIT
//
// Tables by which others than the kernel's own code reach memory: guests (AMD APM vol. 2, 15.25) and devices (Intel VT-d specification 3.4, 9.8). The formats
// differ in the bits of an entry, but for those that are looked at here: read or present (0), write (1), large (7), and where the address is. The tables are
// the kernel's; nobody else maps them. Called with the kernel's lock held.
#ifndef BH_NESTED_H
#define BH_NESTED_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/platform/platform.h"

#define NESTED_READ 1ull
#define NESTED_WRITE 2ull

struct nested_tables {
    hpa root;             // 0: not made
    uint32_t levels;      // 3: 39 bits of address, 4: 48
    bool large;           // leaves of 2 MiB are allowed
    uint64_t inner;       // bits of entries that lead to tables
    void (*flush)(const volatile void *start, uint64_t size); // what was written, for who does not look into the processor's caches; NULL: does
    uint32_t table_count; // frames in use, root included
};

// Make empty tables; levels, large, inner and flush have been filled in. BH_ENOMEM.
enum bh_error nested_create(struct nested_tables *tables);
void nested_destroy(struct nested_tables *tables); // nothing must use them any more; what they map stays
// Map [at, at + size) to `to`, all multiples of the page size and below 2^(12 + 9 * levels); what was mapped there is replaced. `bits` of the leaves, one of
// NESTED_... among them. *replaced: something was, so that it may be cached. BH_ENOMEM: then nothing is mapped there.
enum bh_error nested_map(struct nested_tables *tables, uint64_t at, hpa to, uint64_t size, uint64_t bits, bool *replaced);
// Returns whether anything was mapped.
bool nested_unmap(struct nested_tables *tables, uint64_t at, uint64_t size);

#endif
