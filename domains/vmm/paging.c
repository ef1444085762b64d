// SPDX-License-Identifier: MIT
//
// Walks of the guest's page tables: four levels in long mode, three with PAE, two without. Only presence counts: the
// processor has judged the rights already when an exit leads here.
#include "paging.h"

#include "guest.h"

#define CR0_PG 0x80000000u
#define CR4_PSE 0x10u
#define CR4_PAE 0x20u
#define EFER_LMA 0x400u
#define PTE_PRESENT 1u
#define PTE_LARGE 0x80u
#define PTE_ADDRESS 0x000ffffffffff000ull
#define PAGE 4096u

// Tables of 8-byte entries from `level` down.
static bool walk_wide(const struct guest_memory *memory, gpa table, int level, gva address, gpa *out) {
    for (;; level--) {
        uint32_t shift = 12 + 9 * ((uint32_t)level - 1);
        uint64_t entry;
        if (!memory_read(memory, table + 8 * (address >> shift & 511), &entry, sizeof(entry)) || !(entry & PTE_PRESENT))
            return false;
        if (level == 1 || (level < 4 && (entry & PTE_LARGE))) {
            uint64_t inside = (1ull << shift) - 1;
            *out = (entry & PTE_ADDRESS & ~inside) | (address & inside);
            return true;
        }
        table = entry & PTE_ADDRESS;
    }
}

// PAE: four entries at CR3, without rights bits and never large.
static bool walk_pae(const struct guest_memory *memory, gpa root, gva address, gpa *out) {
    uint64_t entry;
    if (!memory_read(memory, (root & 0xffffffe0u) + 8 * (address >> 30 & 3), &entry, sizeof(entry)) || !(entry & PTE_PRESENT))
        return false;
    return walk_wide(memory, entry & PTE_ADDRESS, 2, address & 0x3fffffff, out);
}

static bool walk_narrow(const struct guest_memory *memory, gpa root, bool large_pages, gva address, gpa *out) {
    uint32_t entry;
    if (!memory_read(memory, (root & 0xfffff000u) + 4 * (address >> 22 & 1023), &entry, sizeof(entry)) || !(entry & PTE_PRESENT))
        return false;
    if (large_pages && (entry & PTE_LARGE)) {
        *out = (entry & 0xffc00000u) | (address & 0x3fffff);
        return true;
    }
    if (!memory_read(memory, (entry & 0xfffff000u) + 4 * (address >> 12 & 1023), &entry, sizeof(entry)) || !(entry & PTE_PRESENT))
        return false;
    *out = (entry & 0xfffff000u) | (address & (PAGE - 1));
    return true;
}

bool paging_translate(const struct guest_memory *memory, const struct bh_vcpu_state *state, gva address, gpa *out) {
    if (state->efer & EFER_LMA)
        return walk_wide(memory, state->cr3 & PTE_ADDRESS, 4, address, out);
    address &= 0xffffffffu;
    if (!(state->cr0 & CR0_PG)) {
        *out = address;
        return true;
    }
    if (state->cr4 & CR4_PAE)
        return walk_pae(memory, state->cr3, address, out);
    return walk_narrow(memory, state->cr3, state->cr4 & CR4_PSE, address, out);
}

uint32_t paging_read(const struct guest_memory *memory, const struct bh_vcpu_state *state, gva address, void *to, uint32_t size) {
    uint32_t done = 0;
    while (done < size) {
        gpa from;
        uint32_t room = PAGE - (uint32_t)((address + done) % PAGE), piece = size - done < room ? size - done : room;
        if (!paging_translate(memory, state, address + done, &from) ||
            !memory_read(memory, from, (uint8_t *)to + done, piece))
            break;
        done += piece;
    }
    return done;
}
