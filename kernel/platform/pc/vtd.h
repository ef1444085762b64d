// SPDX-License-Identifier: MIT
//
// The registers of VT-d's remapping units. All units of the machine share one root table and are told everything, so nobody has to know which of them
// caches what.
#ifndef BH_PC_VTD_H
#define BH_PC_VTD_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/platform/pc/dmar.h"

// What all units can do.
struct vtd_abilities {
    uint32_t levels;       // of tables that all units walk and that reach all memory
    uint32_t address_bits; // of addresses that all units translate
    uint32_t spaces;       // their identifiers are below that
    bool large;            // 2 MiB leaves
    bool coherent;         // they look into the processor's caches
    bool caching;          // they remember absence, too: what is mapped is to be told like what is unmapped
};

struct vtd_fault {
    uint32_t source, reason;
    uint64_t address; // of a page
    bool write;
};

// Look at the units; memory ends at `memory_end`. NULL, or a sentence about why they cannot be used; then nothing has changed.
// Tables have at least `levels` levels; more, where memory asks for it. `queued`: units that can are told by a queue, and not by registers.
const char *vtd_find(const struct dmar *dmar, hpa memory_end, uint32_t levels, bool queued, struct vtd_abilities *abilities);
// Let them translate by the tables of `root`, which are empty, with `queues` (a page for each unit, zeroed).
void vtd_start(hpa root, const hpa *queues);
// The entries of functions in root and context tables have changed; or only what is mapped in one space.
void vtd_forget_contexts(void);
void vtd_forget_space(uint32_t space);
// Take one fault off the records of a unit. False: there is none left.
bool vtd_take_fault(struct vtd_fault *out);
// Where units write to when they record a fault; and whether they may.
void vtd_set_message(uint64_t address, uint32_t data);
void vtd_allow_message(bool allow);
// Make what was written to a table, a root or a context entry visible to a unit that does not look into caches.
void vtd_flush_memory(const volatile void *start, uint64_t size);

#endif
