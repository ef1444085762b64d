# rule: OPERAND_SEGMENT
# A load from anywhere.
        .include "attack.inc"
        function bh_start
        movq (%rcx), %rax
        ret
        end bh_start
