# accepted
# The closest legal form of checked-tail-jump-with-frame.s.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        popq %rdi
        checked jmp, 0x13572468
        end bh_start
