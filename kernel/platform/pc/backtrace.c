// SPDX-License-Identifier: MIT
//
// The kernel's own frames at a panic, by libunwind's remote interface over the kernel's own unwind tables. Addresses only: the names
// are in the file's symbol table, which is not loaded.
#include "kernel/debug/backtrace.h"

#include <libunwind.h>

#include "kernel/debug/log.h"

#define FRAMES_MAX 32
#define EH_HEADER_SIZE 12
#define EH_ENTRY_SIZE 8

extern const uint8_t kernel_text_start[], kernel_text_end[], kernel_eh_frame_hdr_start[], kernel_eh_frame_hdr_end[];
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int, void *);
extern void UNW_OBJ(dwarf_put_unwind_info)(unw_addr_space_t, unw_proc_info_t *, void *);

struct registers {
    uint64_t rip, rsp, rbp, rbx, r12, r13, r14, r15;
};

static int find_proc(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int need, void *context) {
    uint64_t table = (uint64_t)kernel_eh_frame_hdr_start + EH_HEADER_SIZE;
    unw_dyn_info_t dynamic = {.start_ip = (uint64_t)kernel_text_start, .end_ip = (uint64_t)kernel_text_end,
                              .format = UNW_INFO_FORMAT_REMOTE_TABLE};
    if (ip < dynamic.start_ip || ip >= dynamic.end_ip)
        return -UNW_ENOINFO;
    dynamic.u.rti.segbase = (uint64_t)kernel_eh_frame_hdr_start;
    dynamic.u.rti.table_data = table;
    dynamic.u.rti.table_len = ((uint64_t)kernel_eh_frame_hdr_end - table) / EH_ENTRY_SIZE * EH_ENTRY_SIZE / sizeof(unw_word_t);
    return UNW_OBJ(dwarf_search_unwind_table)(space, ip, &dynamic, info, need, context);
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write, void *context) {
    (void)space, (void)context;
    if (write)
        return -UNW_EINVAL;
    return platform_copy_guarded(value, (const void *)address, sizeof(*value)) == BH_OK ? 0 : -UNW_EINVAL;
}

static int access_register(unw_addr_space_t space, unw_regnum_t reg, unw_word_t *value, int write, void *context) {
    const struct registers *registers = context;
    (void)space;
    if (write)
        return -UNW_EREADONLYREG;
    switch (reg) {
    case UNW_X86_64_RIP: *value = registers->rip; break;
    case UNW_X86_64_RSP: *value = registers->rsp; break;
    case UNW_X86_64_RBP: *value = registers->rbp; break;
    case UNW_X86_64_RBX: *value = registers->rbx; break;
    case UNW_X86_64_R12: *value = registers->r12; break;
    case UNW_X86_64_R13: *value = registers->r13; break;
    case UNW_X86_64_R14: *value = registers->r14; break;
    case UNW_X86_64_R15: *value = registers->r15; break;
    default: *value = 0; break;
    }
    return 0;
}

static int no_fp(unw_addr_space_t space, unw_regnum_t reg, unw_fpreg_t *value, int write, void *context) {
    (void)space, (void)reg, (void)value, (void)write, (void)context;
    return -UNW_EBADREG;
}

static int no_list(unw_addr_space_t space, unw_word_t *address, void *context) {
    (void)space, (void)address, (void)context;
    return -UNW_ENOINFO;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *context) {
    (void)space, (void)cursor, (void)context;
    return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t address, char *name, size_t size, unw_word_t *offset, void *context) {
    (void)space, (void)address, (void)name, (void)size, (void)offset, (void)context;
    return -UNW_ENOINFO;
}

static unw_accessors_t accessors = {
    .find_proc_info = find_proc, .put_unwind_info = UNW_OBJ(dwarf_put_unwind_info), .get_dyn_info_list_addr = no_list,
    .access_mem = access_memory, .access_reg = access_register, .access_fpreg = no_fp, .resume = no_resume, .get_proc_name = no_name,
};

void backtrace_kernel(void) {
    static unw_cursor_t cursor; // too big for a control stack; a panic happens once
    struct registers here;
    unw_addr_space_t space = unw_create_addr_space(&accessors, 0);
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
