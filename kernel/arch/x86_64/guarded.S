// SPDX-License-Identifier: MIT
//
// Copies between the kernel and slots that may touch unmapped memory. A fault inside [guarded_copy_start, guarded_copy_end) goes
// on at guarded_copy_fault; the platform's page fault handler sees to that.
        .text
        .globl guarded_copy, guarded_copy_start, guarded_copy_end, guarded_copy_fault
        .type guarded_copy, @function
        .balign 16
// uint64_t guarded_copy(void *to, const void *from, size_t size): 0, or 1 when an address was not accessible.
guarded_copy:
        .cfi_startproc
        mov %rdx, %rcx
guarded_copy_start:
        rep movsb
guarded_copy_end:
        xor %eax, %eax
        ret
guarded_copy_fault:
        mov $1, %eax
        ret
        .cfi_endproc
        .size guarded_copy, . - guarded_copy
        .section .note.GNU-stack, "", @progbits
