# rule: INSTRUCTION
# A tool for measuring what others touched.
        .include "attack.inc"
        function bh_start
        clflush %gs:(%eax)
        ret
        end bh_start
