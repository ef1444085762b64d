# rule: INSTRUCTION
# A far return loads a code segment.
        .include "attack.inc"
        function bh_start
        pushq $8
        pushq %rdi
        lretq
        end bh_start
