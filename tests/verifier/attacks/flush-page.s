# rule: INSTRUCTION
# A privileged flush.
        .include "attack.inc"
        function bh_start
        invlpg %gs:(%eax)
        ret
        end bh_start
