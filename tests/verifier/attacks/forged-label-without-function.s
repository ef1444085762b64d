# rule: LABEL
# A label in front of a place that is not a function.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        .balign 16, 0xcc
        .fill 11, 1, 0xcc
        movl $0x13572468, %eax
        nop
        ret
        end bh_start
