# accepted
# The closest legal form of pop-in-the-second-function.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        function second
        pushq %rax
        popq %rax
        ret
        end second
