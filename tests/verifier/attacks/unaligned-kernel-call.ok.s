# accepted
# The closest legal form of unaligned-kernel-call.s.
        .include "attack.inc"
        function bh_start
        subq $16, %rsp
        call *%gs:0x10080
        addq $16, %rsp
        ret
        end bh_start
