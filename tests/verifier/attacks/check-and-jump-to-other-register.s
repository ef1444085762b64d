# rule: INDIRECT
# The check is of %r11, the jump goes to %r10.
        .include "attack.inc"
        function bh_start
        check 0x13572468
        addq %gs:0x10000, %r11
        jmp *%r10
        end bh_start
