# rule: INSTRUCTION
# Enters Linux in the hosted kernel.
        .include "attack.inc"
        function bh_start
        int $0x80
        ret
        end bh_start
