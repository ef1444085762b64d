# rule: INDIRECT
# A sequence as long as the checked one ends in a call of %rbx's neighbour.
        .include "attack.inc"
        function bh_start
        movl %r11d, %r11d
        movl $-0x13572468, %r10d
        addl %gs:-4(%r11d), %r10d
        je 1f
        ud2
1:
        addq %gs:0x10000, %r11
        .byte 0x41, 0xff, 0xd2
        ret
        end bh_start
