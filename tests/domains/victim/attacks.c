// SPDX-License-Identifier: MIT
//
// What code that nothing confines may try. The instructions that no compiler makes stand inside the constants of others, where only a jump finds them:
// a search of the text that looks at whole instructions does not see them, and an attacker would do the same.
#include <bulkhead/domain.h>

#include "misbehave.h"

#ifdef __BULKHEAD_PLAIN__

// A function whose second instruction, of 8 bytes, is the constant of the first.
#define HIDDEN(name, instruction)                                                                                                            \
    uint64_t name(uint64_t);                                                                                                               \
    __asm__(".text\n" #name "_outer:\n\t.byte 0x48, 0xb8\n" #name ":\n\t" instruction "\n\tret\n\t.balign 16, 0x90\n")
HIDDEN(read_cr3, ".byte 0x0f, 0x20, 0xd8");
HIDDEN(read_port, ".byte 0xec");
HIDDEN(system_call, ".byte 0xb8, 39, 0, 0, 0, 0x0f, 0x05"); // Linux: getpid; the door: nothing
HIDDEN(load_gs_base, ".byte 0xf3, 0x48, 0x0f, 0xae, 0xdf");
HIDDEN(load_fs_base, ".byte 0xf3, 0x48, 0x0f, 0xae, 0xd7");
HIDDEN(set_direction, ".byte 0xfd");

static enum bh_error change_flags(void) {
    static const uint32_t all_unmasked = 0;
    static const uint16_t also_unmasked = 0x340;
    __asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(all_unmasked), "m"(also_unmasked));
    __asm__ volatile("fldz; fld1; fdivp" : : : "st"); // pending from now on
    (void)set_direction(0);
    return BH_OK;
}

enum bh_error attack(enum misbehaviour kind, uint64_t *value) {
    uint64_t address = *value - 1; // relay() adds one
    switch (kind) {
    case ATTACK_READ:
        *value = *(volatile uint64_t *)address;
        return BH_OK;
    case ATTACK_WRITE:
        *(volatile uint64_t *)address = 0;
        return BH_OK;
    case ATTACK_JUMP:
        ((void (*)(void))address)();
        return BH_OK;
    case ATTACK_WRITE_TEXT:
        *(volatile uint8_t *)(uintptr_t)attack = 0;
        return BH_OK;
    case ATTACK_PRIVILEGED:
        *value = read_cr3(0);
        return BH_OK;
    case ATTACK_PORT:
        *value = read_port(0);
        return BH_OK;
    case ATTACK_SYSTEM_CALL:
        *value = system_call(0);
        return BH_OK;
    case ATTACK_BASES:
        (void)load_gs_base(0x200000000000);
        (void)load_fs_base(0x200000000000);
        return BH_OK;
    case ATTACK_FLAGS:
        return change_flags();
    default:
        return BH_EINVAL;
    }
}

#else

enum bh_error attack(enum misbehaviour kind, uint64_t *value) {
    (void)kind, (void)value;
    return BH_ENOTSUP;
}

#endif
