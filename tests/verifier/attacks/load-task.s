# rule: INSTRUCTION
# Its own task state.
        .include "attack.inc"
        function bh_start
        ltr %ax
        ret
        end bh_start
