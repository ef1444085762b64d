// SPDX-License-Identifier: MIT
//
// Where other processors begin. A start-up message sends one to a page below 1 MiB in 16-bit mode; a copy of trampoline_start stands there.
// It goes to 64 bits in one step, on the boot page tables (boot.S), which map the first 4 GiB as they are; then to the kernel's own page tables
// and to the stack that smp.c left for it. Sources: Intel SDM vol. 3, 8.4.4 (start-up), 9.8.5 (IA-32e mode).
#include "kernel/platform/pc/boot.inc"

        .section .rodata
        .globl trampoline_start, trampoline_end
        .code16
trampoline_start:
        cli
        cld
        mov %cs, %ax
        mov %ax, %ds
        lgdtl boot_gdt_copy - trampoline_start
        mov $CR4_START, %eax
        mov %eax, %cr4
        mov $boot_pml4, %eax
        mov %eax, %cr3
        mov $EFER, %ecx
        rdmsr
        or $EFER_LME_NXE, %eax
        wrmsr
        mov $CR0_PG_WP_NE_ET_MP_PE, %eax
        mov %eax, %cr0
        ljmpl $8, $trampoline_64
        .balign 4
boot_gdt_copy:
        .short BOOT_GDT_LIMIT
        .long boot_gdt
trampoline_end:

        .section .text.boot, "ax"
        .code64
trampoline_64:
        mov $16, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %ss
        xor %eax, %eax
        mov %eax, %fs
        mov %eax, %gs
        mov paging_root(%rip), %rax
        mov %rax, %cr3
        xor %eax, %eax
        xchg %rax, ap_stack(%rip)
        test %rax, %rax
        jz 1f                   // called twice, or given up meanwhile
        mov %rax, %rsp
        xor %ebp, %ebp
        call smp_ap_main
1:      cli
        hlt
        jmp 1b

        .section .note.GNU-stack, "", @progbits
