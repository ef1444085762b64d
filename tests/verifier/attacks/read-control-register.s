# rule: INSTRUCTION
# Looks at the processor's mode.
        .include "attack.inc"
        function bh_start
        movq %cr0, %rax
        ret
        end bh_start
