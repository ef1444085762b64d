# rule: INSTRUCTION
# Loads through the whole %rbx.
        .include "attack.inc"
        function bh_start
        xlatb
        ret
        end bh_start
