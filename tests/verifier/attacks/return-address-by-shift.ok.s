# accepted
# The closest legal form of return-address-by-shift.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        shlq $1, (%rsp)
        addq $16, %rsp
        ret
        end bh_start
