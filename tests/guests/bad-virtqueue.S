// SPDX-License-Identifier: MIT
//
// A virtio disk driver that lies: its descriptors form a loop. The device must answer DEVICE_NEEDS_RESET and go on living:
// after a reset, a second try with an address outside memory ends the same way. Status 0 when both happened.
#include "guest.h"

#define QUEUE_SIZE 16
#define NEEDS_RESET 0x40

guest_main:
    mov $0x80000810, %eax       // bus 0, device 1, BAR 0
    call config_read
    and $~15, %eax
    mov %eax, %ebx
    movl $0x80000804, %eax      // memory decoding, bus mastering
    mov $0xcf8, %dx
    out %eax, %dx
    mov $0xcfc, %dx
    mov $6, %ax
    out %ax, %dx

    movl $table, table          // descriptor 0 points to itself
    movl $16, table + 8
    movw $1, table + 12
    movw $0, table + 14
    call drive
    jz fail_loop
    say "loop: the device needs a reset\n"

    movl $0xfffffff0, table
    movl $0xffffffff, table + 4
    movw $0, table + 12
    movl $0, available
    movl $0, used
    call drive
    jz fail_address
    say "address: the device needs a reset\n"
    end 0

fail_loop:
    say "the loop was not noticed\n"
    end 1
fail_address:
    say "the address was not noticed\n"
    end 2

// eax: address; returns eax
config_read:
    mov $0xcf8, %dx
    out %eax, %dx
    mov $0xcfc, %dx
    in %dx, %eax
    ret

// Reset, negotiate VERSION_1, one queue, one request offered, notify. ZF clear when the device says NEEDS_RESET.
drive:
    movb $0, 20(%ebx)
1:  cmpb $0, 20(%ebx)
    jne 1b
    movb $3, 20(%ebx)
    movl $1, 8(%ebx)
    movl $1, 12(%ebx)           // VERSION_1
    movb $11, 20(%ebx)
    movw $0, 22(%ebx)
    movw $QUEUE_SIZE, 24(%ebx)
    movl $table, 32(%ebx)
    movl $0, 36(%ebx)
    movl $available, 40(%ebx)
    movl $0, 44(%ebx)
    movl $used, 48(%ebx)
    movl $0, 52(%ebx)
    movw $1, 28(%ebx)
    movb $15, 20(%ebx)
    movw $1, available + 2
    movl $0, 0x3000(%ebx)       // notify queue 0
    testb $NEEDS_RESET, 20(%ebx)
    ret

    .bss
    .balign 4096
table:
    .skip 16 * QUEUE_SIZE
available:
    .skip 64
used:
    .skip 256
