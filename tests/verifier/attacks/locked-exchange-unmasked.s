# rule: OPERAND_SEGMENT
# An atomic exchange anywhere.
        .include "attack.inc"
        function bh_start
        lock cmpxchgq %rdx, (%rcx)
        ret
        end bh_start
