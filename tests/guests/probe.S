// SPDX-License-Identifier: MIT
//
// Touches what is not there: ports, device memory, MSRs. Ports and memory read as all ones, MSRs are #GP. Ends with the
// number of surprises.
#include "guest.h"

#define VECTOR_GP 13
#define MISSING_MSR 0x12345

guest_main:
    xor %ebp, %ebp              // surprises
    mov $handle_gp, %eax        // one gate is enough
    mov %ax, idt + 8 * VECTOR_GP
    shr $16, %eax
    mov %ax, idt + 8 * VECTOR_GP + 6
    movw $0x10, idt + 8 * VECTOR_GP + 2
    movw $0x8e00, idt + 8 * VECTOR_GP + 4
    lidt idt_pointer

    mov $0x1234, %dx
    in %dx, %eax
    cmp $-1, %eax
    je 1f
    inc %ebp
1:  out %eax, %dx
    mov $0xe0000000, %ebx       // nobody answers there
    mov (%ebx), %eax
    cmp $-1, %eax
    je 1f
    inc %ebp
1:  movl $1, (%ebx)
    movb $1, 3(%ebx)

    mov $MISSING_MSR, %ecx
    rdmsr
    mov $MISSING_MSR, %ecx
    wrmsr
    cmpl $2, faults
    je 1f
    inc %ebp
1:  say "faults "
    mov faults, %eax
    call print_number
    say ", surprises "
    mov %ebp, %eax
    call print_number
    say "\n"
    mov %ebp, %eax
    jmp finish

// Both instructions that fault are two bytes long.
handle_gp:
    incl faults
    add $4, %esp                // the error code
    addl $2, (%esp)
    iret

    .data
    .balign 8
idt_pointer:
    .word 14 * 8 - 1
    .long idt
faults:
    .long 0
    .bss
    .balign 8
idt:
    .skip 14 * 8
