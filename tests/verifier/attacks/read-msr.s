# rule: INSTRUCTION
# Reads the processor's mode.
        .include "attack.inc"
        function bh_start
        rdmsr
        ret
        end bh_start
