// SPDX-License-Identifier: MIT
//
// What a VM exit costs there and back: COUNT times each, timed with rdtsc. Under `qemu -icount shift=0` one tick is one
// instruction. Prints "NAME TICKS" per line, ticks for one exit: a port served by the vmm (the UART's scratch register),
// CPUID, an MSR, a device register in memory, and an empty loop to subtract.
#include "../../tests/guests/guest.h"

#define COUNT 1000

// Time `instruction` and print a line.
    .macro measure name, instruction:vararg
    mov $16, %edi               // warm up
1:  \instruction
    dec %edi
    jnz 1b
    rdtsc
    mov %eax, %ebp
    mov $COUNT, %edi
1:  \instruction
    dec %edi
    jnz 1b
    rdtsc
    sub %ebp, %eax
    xor %edx, %edx
    mov $COUNT, %ecx
    div %ecx
    push %eax
    say "\name "
    pop %eax
    call print_number
    say "\n"
    .endm

    .macro port_in
    mov $COM1 + 7, %edx
    in %dx, %al
    .endm
    .macro cpuid_0
    xor %eax, %eax
    cpuid
    .endm
    .macro msr_read
    mov $0x1b, %ecx
    rdmsr
    .endm
    .macro apic_read
    mov 0xfee00080, %eax
    .endm
    .macro nothing
    nop
    .endm

guest_main:
    measure "loop", nothing
    measure "port", port_in
    measure "cpuid", cpuid_0
    measure "msr", msr_read
    measure "apic", apic_read
    end 0
