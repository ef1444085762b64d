// SPDX-License-Identifier: MIT
//
// The kernel's own frames at a panic, by libunwind's remote interface over the kernel's own unwind tables. Addresses only: the names
// are in the file's symbol table, which is not loaded.
#include "kernel/debug/backtrace.h"

#include "kernel/debug/log.h"
#include "kernel/debug/unwind.h"

#define FRAMES_MAX 32

extern const uint8_t kernel_text_start[], kernel_text_end[], kernel_eh_frame_hdr_start[], kernel_eh_frame_hdr_end[];

static int find_proc(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int need, void *context) {
    uint64_t start = (uint64_t)kernel_text_start, end = (uint64_t)kernel_text_end, header = (uint64_t)kernel_eh_frame_hdr_start;
    uint64_t count = ((uint64_t)kernel_eh_frame_hdr_end - header - UNWIND_HEADER_SIZE) / UNWIND_ENTRY_SIZE;
    if (ip < start || ip >= end)
        return -UNW_ENOINFO;
    struct unwind_table table = {start, end, header, header + UNWIND_HEADER_SIZE, count};
    return unwind_search(space, ip, &table, info, need, context);
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write, void *context) {
    (void)space, (void)context;
    if (write)
        return -UNW_EINVAL;
    return platform_copy_guarded(value, (const void *)address, sizeof(*value)) == BH_OK ? 0 : -UNW_EINVAL;
}

void backtrace_kernel(void) {
    static unw_cursor_t cursor; // too big for a control stack; a panic happens once
    struct unwind_registers here;
    unw_addr_space_t space = unwind_create_space(find_proc, access_memory);
    __asm__ volatile("lea 0f(%%rip), %%rax; 0: mov %%rax, 0(%0); mov %%rsp, 8(%0); mov %%rbp, 16(%0); mov %%rbx, 24(%0);"
                     "mov %%r12, 32(%0); mov %%r13, 40(%0); mov %%r14, 48(%0); mov %%r15, 56(%0)"
                     :
                     : "r"(&here)
                     : "rax", "memory");
    if (!space || unw_init_remote(&cursor, space, &here) != 0)
        return;
    for (int i = 0; i < FRAMES_MAX; i++) {
        unw_word_t ip = 0;
        if (unw_get_reg(&cursor, UNW_REG_IP, &ip) != 0 || !ip)
            break;
        log_write(BH_LOG_ERROR, "kernel", "  #%d 0x%llx (addr2line -fe bulkhead.elf 0x%llx)", i, (unsigned long long)ip,
                  (unsigned long long)ip);
        if (unw_step(&cursor) <= 0)
            break;
    }
}
