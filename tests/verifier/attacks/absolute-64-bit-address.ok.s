# accepted
# The closest legal form of absolute-64-bit-address.s.
        .include "attack.inc"
        function bh_start
        movabsq $0x1122334455667788, %rax
        ret
        end bh_start
