# accepted
# The closest legal form of vector-control.s.
        .include "attack.inc"
        function bh_start
        stmxcsr %gs:(%eax)
        ret
        end bh_start
