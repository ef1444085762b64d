# accepted
# The closest legal form of read-gs-base.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %rax
        ret
        end bh_start
