# accepted
# The closest legal form of return-address-overwrite-below-frame.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        movq %rax, 8(%rsp)
        addq $16, %rsp
        ret
        end bh_start
