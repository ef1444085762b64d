// SPDX-License-Identifier: MIT
//
// What both users of libunwind's remote interface share: registers to start from, and refusals of what is never needed.
#ifndef BH_UNWIND_H
#define BH_UNWIND_H

#include <libunwind.h>
#include <stdint.h>

#define UNWIND_HEADER_SIZE 12 // of .eh_frame_hdr, in front of its table
#define UNWIND_ENTRY_SIZE 8   // of that table

// The context handed to unw_init_remote() begins with these.
struct unwind_registers {
    uint64_t rip, rsp, rbp, rbx, r12, r13, r14, r15;
};

typedef int unwind_find_proc(unw_addr_space_t, unw_word_t, unw_proc_info_t *, int, void *);
typedef int unwind_access_memory(unw_addr_space_t, unw_word_t, unw_word_t *, int, void *);

// A space in which code is found by `find` and memory read by `access`. NULL: no memory.
unw_addr_space_t unwind_create_space(unwind_find_proc *find, unwind_access_memory *access);
// The binary search table of `count` entries at `entries`, of the .eh_frame_hdr at `header`, which covers [start, end).
struct unwind_table {
    uint64_t start, end, header, entries, count;
};
int unwind_search(unw_addr_space_t space, unw_word_t ip, const struct unwind_table *in, unw_proc_info_t *info, int need, void *context);

#endif
