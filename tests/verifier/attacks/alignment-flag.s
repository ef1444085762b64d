# rule: INSTRUCTION
# Sets the alignment, trap or interrupt flag for the kernel.
        .include "attack.inc"
        function bh_start
        pushq $0x40202
        popfq
        ret
        end bh_start
