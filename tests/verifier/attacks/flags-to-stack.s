# rule: INSTRUCTION
# Reads the interrupt flag.
        .include "attack.inc"
        function bh_start
        pushfq
        popq %rax
        ret
        end bh_start
