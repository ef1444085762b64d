// SPDX-License-Identifier: MIT
//
// Nested page tables: guest-physical to host-physical, four levels, 2 MiB leaves where both sides allow.
// Source: AMD APM vol. 2, 15.25. The tables are the kernel's; nobody else maps them.
#ifndef BH_NPT_H
#define BH_NPT_H

#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/platform/platform.h"

typedef uint64_t gpa; // guest physical address

struct npt {
    hpa root;
    uint64_t table_count; // frames in use by tables, root included
};

#define NPT_GPA_LIMIT (1ull << 47) // guest-physical addresses lie below

enum bh_error npt_create(struct npt *npt); // BH_ENOMEM
void npt_destroy(struct npt *npt);         // frees all tables; not the memory they map

// Map [from, from + size) to `to`. Page-aligned. `rights` as in kernel interface Guest: 1 read, 2 write, 4 execute.
// BH_ENOMEM leaves a part mapped: the caller unmaps the range. The caller flushes the guest's TLB (tlb_control).
enum bh_error npt_map(struct npt *npt, gpa from, hpa to, uint64_t size, uint32_t rights);
void npt_unmap(struct npt *npt, gpa from, uint64_t size);

#endif
