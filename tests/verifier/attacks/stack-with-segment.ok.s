# accepted
# The closest legal form of stack-with-segment.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(%ebp)
        ret
        end bh_start
