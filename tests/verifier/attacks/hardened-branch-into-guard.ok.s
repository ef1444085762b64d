# accepted
# The closest legal form of hardened-branch-into-guard.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        testl %edi, %edi
        jne 6f
6:
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        guard
        end bh_start
