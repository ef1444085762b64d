// SPDX-License-Identifier: MIT
//
// libunwind's remote interface, as far as it is the same for domains and for the kernel itself. Nothing here can write.
#include "kernel/debug/unwind.h"

extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int, void *);
extern void UNW_OBJ(dwarf_put_unwind_info)(unw_addr_space_t, unw_proc_info_t *, void *);

static int access_register(unw_addr_space_t space, unw_regnum_t reg, unw_word_t *value, int write, void *context) {
    const struct unwind_registers *registers = context;
    (void)space;
    if (write)
        return -UNW_EREADONLYREG;
    switch (reg) {
    case UNW_X86_64_RIP: *value = registers->rip; return 0;
    case UNW_X86_64_RSP: *value = registers->rsp; return 0;
    case UNW_X86_64_RBP: *value = registers->rbp; return 0;
    case UNW_X86_64_RBX: *value = registers->rbx; return 0;
    case UNW_X86_64_R12: *value = registers->r12; return 0;
    case UNW_X86_64_R13: *value = registers->r13; return 0;
    case UNW_X86_64_R14: *value = registers->r14; return 0;
    case UNW_X86_64_R15: *value = registers->r15; return 0;
    default: *value = 0; return 0;
    }
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

unw_addr_space_t unwind_create_space(unwind_find_proc *find, unwind_access_memory *access) {
    unw_accessors_t accessors = {
        .find_proc_info = find, .put_unwind_info = UNW_OBJ(dwarf_put_unwind_info), .get_dyn_info_list_addr = no_list,
        .access_mem = access, .access_reg = access_register, .access_fpreg = no_fp, .resume = no_resume, .get_proc_name = no_name,
    };
    return unw_create_addr_space(&accessors, 0); // copies them
}

int unwind_search(unw_addr_space_t space, unw_word_t ip, const struct unwind_table *in, unw_proc_info_t *info, int need, void *context) {
    unw_dyn_info_t table = {.start_ip = in->start, .end_ip = in->end, .format = UNW_INFO_FORMAT_REMOTE_TABLE};
    table.u.rti.segbase = in->header;
    table.u.rti.table_data = in->entries;
    table.u.rti.table_len = in->count * UNWIND_ENTRY_SIZE / sizeof(unw_word_t);
    return UNW_OBJ(dwarf_search_unwind_table)(space, ip, &table, info, need, context);
}
