// SPDX-License-Identifier: MIT
//
// longjmp as functions of C, so that their addresses can be taken; see jump.S.
#include <setjmp.h>
#include <stdint.h>

void bh_jump(const struct __jmp_buf_tag *place, uint64_t value);

// The kernel comes back through the frame of setjmp, or not at all.
[[noreturn]] static void jump(const struct __jmp_buf_tag *place, int value) {
    bh_jump(place, value ? (uint32_t)value : 1);
    __builtin_unreachable();
}

void longjmp(jmp_buf place, int value) {
    jump(place, value);
}

void _longjmp(jmp_buf place, int value) {
    jump(place, value);
}

void siglongjmp(sigjmp_buf place, int value) {
    jump(place, value);
}
