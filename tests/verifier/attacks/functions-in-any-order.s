# rule: BRANCH_TARGET
# The table names the later function first, and one jumps into the other.
        .include "attack.inc"
        listed second
        function bh_start
        jmp 2f
        end bh_start
        .balign 16, 0x90
second:
        nop
2:
        ret
        end second
