# rule: INSTRUCTION
# Changes the processor's mode.
        .include "attack.inc"
        function bh_start
        wrmsr
        ret
        end bh_start
