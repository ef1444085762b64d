// SPDX-License-Identifier: MIT
//
// Entry from PVH (QEMU -kernel) and from Multiboot2 (GRUB): both arrive in 32-bit protected mode with paging off and ebx pointing
// to what the loader tells; they differ in the magic in eax. Here: check for long mode, identity-map the first 4 GiB
// with 2 MiB pages, go to 64 bits, call boot_main(magic, info).
// Sources: Xen PVH boot ABI (docs/misc/pvh.pandoc), Multiboot2 specification 2.0, sections 3.1 and 3.3.

#include "kernel/platform/pc/boot.inc"

#define PVH_MAGIC 0x50564821
#define MB2_MAGIC 0xe85250d6
#define PTE_PRESENT_WRITE 0x3
#define PTE_PRESENT_WRITE_LARGE 0x83
#define XEN_NOTE_PHYS32_ENTRY 18

        .section .mb2, "a"
        .balign 8
mb2_header:
        .long MB2_MAGIC, 0, mb2_header_end - mb2_header, -(MB2_MAGIC + (mb2_header_end - mb2_header))
        .short 6, 0             // modules page aligned
        .long 8
        .short 0, 0             // end
        .long 8
mb2_header_end:

        .section .note.Xen, "a", @note
        .balign 4
        .long 4, 4, XEN_NOTE_PHYS32_ENTRY
        .asciz "Xen"
        .long pvh_start

        .section .text.boot, "ax"
        .code32
        .globl pvh_start, mb2_start
pvh_start:
        mov $PVH_MAGIC, %eax
mb2_start:
        cli
        cld
        mov $boot_stack_top, %esp
        mov %eax, %ebp          // magic
        mov %ebx, %esi          // info
        pushl $0                // flags: known state
        popfl
        mov $0x80000000, %eax
        cpuid
        cmp $0x80000001, %eax
        jb no_long_mode
        mov $0x80000001, %eax
        cpuid
        bt $29, %edx
        jnc no_long_mode
        bt $20, %edx
        jnc no_execute_disable

        movl $boot_pdpt + PTE_PRESENT_WRITE, boot_pml4
        mov $boot_pd + PTE_PRESENT_WRITE, %eax
        mov $boot_pdpt, %edi
        mov $4, %ecx
1:      mov %eax, (%edi)
        add $4096, %eax
        add $8, %edi
        loop 1b
        mov $PTE_PRESENT_WRITE_LARGE, %eax
        mov $boot_pd, %edi
        mov $4 * 512, %ecx
2:      mov %eax, (%edi)
        add $0x200000, %eax
        add $8, %edi
        loop 2b

        mov $boot_pml4, %eax
        mov %eax, %cr3
        mov %cr4, %eax
        or $CR4_START, %eax
        mov %eax, %cr4
        mov $EFER, %ecx
        rdmsr
        or $EFER_LME_NXE, %eax
        wrmsr
        mov $CR0_PG_WP_NE_ET_MP_PE, %eax
        mov %eax, %cr0
        lgdt boot_gdt_pointer
        ljmp $8, $long_mode

no_long_mode:
        mov $text_no_long_mode, %esi
        jmp say_and_stop
no_execute_disable:
        mov $text_no_execute_disable, %esi
say_and_stop:
        mov (%esi), %al
        test %al, %al
        jz 4f
        out %al, $0xe9
        mov $0x3f8, %dx
        out %al, (%dx)
        mov $0x3fd, %dx
        mov $100000, %ecx       // wait for the transmitter, but not for ever
3:      in (%dx), %al
        test $0x20, %al
        loopz 3b
        inc %esi
        jmp say_and_stop
4:      mov $1, %eax
        out %eax, $0xf4         // isa-debug-exit, where there is one
5:      hlt
        jmp 5b

        .code64
long_mode:
        mov $16, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %ss
        xor %eax, %eax
        mov %eax, %fs
        mov %eax, %gs
        mov $boot_stack_top, %esp
        mov %ebp, %edi
        mov %esi, %esi          // clears the upper half
        xor %ebp, %ebp
        call boot_main
6:      hlt
        jmp 6b

        .section .rodata
text_no_long_mode:
        .asciz "bulkhead: this processor has no 64-bit mode; Bulkhead needs x86-64 (in QEMU: qemu-system-x86_64 -cpu max)\n"
text_no_execute_disable:
        .asciz "bulkhead: this processor has no NX (CPUID 8000_0001h:EDX[20]), or the firmware turned it off\n"
        .balign 8
        .globl boot_gdt, boot_pml4
boot_gdt:
        .quad 0
        .quad 0x00af9b000000ffff // 64-bit code
        .quad 0x00cf93000000ffff // data
boot_gdt_pointer:
        .short BOOT_GDT_LIMIT
        .long boot_gdt

        .section .bss
        .balign 4096
boot_pml4:
        .skip 4096
boot_pdpt:
        .skip 4096
boot_pd:
        .skip 4 * 4096
        // As large and aligned as a control stack: masking rsp stays inside.
        .balign 65536
        .globl boot_stack
boot_stack:
        .skip 65536
boot_stack_top:

        .section .note.GNU-stack, "", @progbits
