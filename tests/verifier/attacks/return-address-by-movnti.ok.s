# accepted
# The closest legal form of return-address-by-movnti.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        movntiq %rax, (%rsp)
        addq $16, %rsp
        ret
        end bh_start
