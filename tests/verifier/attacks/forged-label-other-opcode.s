# rule: LABEL
# The label in front of a function is the immediate of another instruction than the label's.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        .balign 16, 0xcc
        .fill 11, 1, 0xcc
        movl $0x13572468, %ecx
        end bh_start
        function other
        ret
        end other
