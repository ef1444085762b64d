# rule: LABEL
# What stands in front of the function loads the label into %r8d: the label's opcode has a prefix.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        end bh_start
        .balign 16, 0x90
        .fill 10, 1, 0x90
        movl $0x13572468, %r8d
        function other
        ret
        end other
