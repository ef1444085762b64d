# rule: OPERAND_SEGMENT
# Two bytes of the label are compared, at an address of 64 bits.
        .include "attack.inc"
        function bh_start
        movl %r11d, %r11d
        movl $-0x13572468, %r10d
        addw %gs:-4(%r11), %r10w
        je 1f
        ud2
1:
        addq %gs:0x10000, %r11
        call *%r11
        ret
        end bh_start
