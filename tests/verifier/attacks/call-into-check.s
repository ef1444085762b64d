# rule: CALL_TARGET
# Calls the middle of a checked sequence.
        .include "attack.inc"
        function bh_start
        call 1f
        ret
        movl %r11d, %r11d
1:
        movl $-0x13572468, %r10d
        addl %gs:-4(%r11d), %r10d
        je 2f
        ud2
2:
        addq %gs:0x10000, %r11
        call *%r11
        ret
        end bh_start
