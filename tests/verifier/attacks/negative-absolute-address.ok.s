# accepted
# The closest legal form of negative-absolute-address.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:0x20000
        ret
        end bh_start
