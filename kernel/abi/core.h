// SPDX-License-Identifier: MIT
//
// What the kernel leaves of a domain that died: registers of its threads and its memory, raw, in a buffer of the manifest. Others make an
// ELF core file of it (tools/bhctl/core.py).
//
//   struct bh_core | threads | regions | bytes of the regions, in their order
#ifndef BH_ABI_CORE_H
#define BH_ABI_CORE_H

#include <stdint.h>
#include "crash.h"

#define BH_CORE_MAGIC 0x31304552434842ull // "BHCRE01"
#define BH_CORE_THREADS 32
#define BH_CORE_REGIONS 80

// As Linux has them in the notes of core files.
struct bh_core_registers {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, rflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};
static_assert(sizeof(struct bh_core_registers) == 27 * 8);

// Of a thread that the domain sent on into another or into the kernel, what the call saved: the rest is zero.
struct bh_core_thread {
    uint32_t id;
    uint32_t whole; // 1: it was interrupted, and all registers are its own
    char name[24];
    struct bh_core_registers registers;
};

struct bh_core_region {
    uint64_t address, size;
    uint32_t flags; // as in ELF program headers: 1 execute, 2 write, 4 read
    uint32_t pad;
};

struct bh_core {
    uint64_t magic;
    uint64_t size;       // bytes of all of it
    uint64_t left_out;   // bytes of memory for which there was no room
    uint64_t time_ns;
    uint64_t base;       // of the slot
    uint64_t address;    // slot offset that faulted
    uint64_t proxies[2]; // first address of the kernel's proxies, and the one behind: return addresses there lead out of the domain
    uint32_t domain, cause, generation;
    uint32_t thread_count, region_count;
    uint32_t threads_left_out;
    char name[32], image[48];
    char text[BH_CRASH_TEXT_SIZE];
};

#endif
