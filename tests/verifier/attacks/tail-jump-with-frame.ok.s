# accepted
# The closest legal form of tail-jump-with-frame.s.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        popq %rdi
        jmp other
        end bh_start
        function other
        ret
        end other
