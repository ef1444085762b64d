# rule: OPERAND_SEGMENT
# A prefetch anywhere, to probe what is mapped.
        .include "attack.inc"
        function bh_start
        prefetcht0 (%rcx)
        ret
        end bh_start
