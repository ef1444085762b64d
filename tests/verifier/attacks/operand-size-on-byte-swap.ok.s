# accepted
# The closest legal form of operand-size-on-byte-swap.s.
        .include "attack.inc"
        function bh_start
        bswapl %eax
        ret
        end bh_start
