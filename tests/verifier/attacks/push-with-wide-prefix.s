# rule: STACK_POINTER
# A REX prefix that push does not need.
        .include "attack.inc"
        function bh_start
        .byte 0x48, 0x50
        popq %rax
        ret
        end bh_start
