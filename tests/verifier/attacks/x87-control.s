# rule: INSTRUCTION
# Changes the precision for every other domain on the thread.
        .include "attack.inc"
        function bh_start
        fldcw %gs:(%eax)
        ret
        end bh_start
