# accepted
# The closest legal form of check-and-jump-to-other-register.s.
        .include "attack.inc"
        function bh_start
        checked jmp, 0x13572468
        end bh_start
