# rule: BIT_TEST
# A bit number in a register reaches 2^60 bytes to both sides.
        .include "attack.inc"
        function bh_start
        btsq %rax, %gs:(%ecx)
        ret
        end bh_start
