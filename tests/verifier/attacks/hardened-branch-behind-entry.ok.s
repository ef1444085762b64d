# accepted
# The closest legal form of hardened-branch-behind-entry.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        testl %edi, %edi
        jne 1f
1:
        hardened_entry jmp, 0x10080
        end bh_start
