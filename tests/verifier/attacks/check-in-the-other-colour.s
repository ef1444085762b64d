# rule: OPERAND_SEGMENT
# The checked sequence goes through %fs in an image of colour gs.
        .include "attack.inc"
        function bh_start
        movl %r11d, %r11d
        movl $-0x13572468, %r10d
        addl %fs:-4(%r11d), %r10d
        je 1f
        ud2
1:
        addq %fs:0x10000, %r11
        call *%r11
        ret
        end bh_start
