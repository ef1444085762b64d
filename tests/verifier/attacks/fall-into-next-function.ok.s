# accepted
# The closest legal form of fall-into-next-function.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        popq %rax
        jmp other
        end bh_start
        function other
        ret
        end other
