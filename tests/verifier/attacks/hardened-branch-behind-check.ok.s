# accepted
# The closest legal form of hardened-branch-behind-check.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        testl %edi, %edi
        jne 1f
1:
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
