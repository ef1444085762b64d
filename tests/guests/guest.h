// SPDX-License-Identifier: MIT
//
// What small test guests share: the PVH note, a stack, output on COM1, the end. Code is 32-bit, flat, without paging;
// `guest_main` is where a guest's own code starts. Routines change eax, ecx, edx, esi.
#define COM1 0x3f8
#define EXIT_PORT 0xf4

    .code32
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18              // XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long start

    .bss
    .balign 16
    .skip 4096
stack_top:

    .text
    .globl start
start:
    mov $stack_top, %esp
    cld
    jmp guest_main

// esi: text, up to a zero byte
print:
    mov $COM1, %edx
1:  lodsb
    test %al, %al
    jz 2f
    out %al, %dx
    jmp 1b
2:  ret

// eax: number, printed in decimal
print_number:
    push %ebx
    mov $10, %ebx
    xor %ecx, %ecx
1:  xor %edx, %edx
    div %ebx
    push %edx
    inc %ecx
    test %eax, %eax
    jnz 1b
    mov $COM1, %edx
2:  pop %eax
    add $'0', %al
    out %al, %dx
    loop 2b
    pop %ebx
    ret

// al: status
finish:
    out %al, $EXIT_PORT
1:  hlt
    jmp 1b

    .macro say text
    .section .rodata
771: .asciz "\text"
    .text
    mov $771b, %esi
    call print
    .endm

    .macro end status
    mov $\status, %al
    jmp finish
    .endm
