# rule: INSTRUCTION
# Sets a hardware breakpoint.
        .include "attack.inc"
        function bh_start
        movq %rax, %dr7
        ret
        end bh_start
