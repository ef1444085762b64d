# rule: INSTRUCTION
# Unmasks exceptions for every other domain on the thread.
        .include "attack.inc"
        function bh_start
        ldmxcsr %gs:(%eax)
        ret
        end bh_start
