# rule: INSTRUCTION
# The kernel saves no upper halves.
        .include "attack.inc"
        function bh_start
        vmovups %ymm0, %gs:(%ecx)
        ret
        end bh_start
