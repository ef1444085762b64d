# rule: INDIRECT
# A wrong label does not stop the call.
        .include "attack.inc"
        function bh_start
        movl %r11d, %r11d
        movl $-0x13572468, %r10d
        addl %gs:-4(%r11d), %r10d
        je 1f
        nop
        nop
1:
        addq %gs:0x10000, %r11
        call *%r11
        ret
        end bh_start
