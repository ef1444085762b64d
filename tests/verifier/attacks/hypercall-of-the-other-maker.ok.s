# accepted
# The closest legal form of hypercall-of-the-other-maker.s.
        .include "attack.inc"
        function bh_start
        nop
        ret
        end bh_start
