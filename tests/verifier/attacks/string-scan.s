# rule: INSTRUCTION
# scas has no checked form.
        .include "attack.inc"
        function bh_start
        scasb
        ret
        end bh_start
