# accepted
# The closest legal form of operand-size-of-bytes.s.
        .include "attack.inc"
        function bh_start
        movb %al, %cl
        ret
        end bh_start
