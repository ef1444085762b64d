# accepted
# The closest legal form of hardened-without-guard.s.
        .include "attack.inc"
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
