# accepted
# The closest legal form of frame-too-deep-by-pushes.s.
        .include "attack.inc"
        function bh_start
        .rept 500
        pushq %rax
        .endr
        addq $4000, %rsp
        ret
        end bh_start
