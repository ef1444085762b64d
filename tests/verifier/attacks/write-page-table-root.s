# rule: INSTRUCTION
# Another address space.
        .include "attack.inc"
        function bh_start
        movq %rax, %cr3
        ret
        end bh_start
