# accepted
# The closest legal form of return-address-by-setcc.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        sete (%rsp)
        addq $16, %rsp
        ret
        end bh_start
