# rule: INSTRUCTION
# Exchanges the base of %gs.
        .include "attack.inc"
        function bh_start
        swapgs
        ret
        end bh_start
