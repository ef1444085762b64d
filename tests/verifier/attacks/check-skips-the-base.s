# rule: INDIRECT
# The check jumps over the addition of the base.
        .include "attack.inc"
        function bh_start
        movl %r11d, %r11d
        movl $-0x13572468, %r10d
        addl %gs:-4(%r11d), %r10d
        je 1f
        ud2
        addq %gs:0x10000, %r11
1:
        call *%r11
        ret
        end bh_start
