# rule: OPERAND_SEGMENT
# A vector store anywhere.
        .include "attack.inc"
        function bh_start
        movaps %xmm0, (%rcx)
        ret
        end bh_start
