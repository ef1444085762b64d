# rule: BRANCH_SEQUENCE
# Enters a guarded branch behind the fetch of its entry.
        .include "attack.inc"
        hardened_note
        function bh_start
        testl %edi, %edi
        jne 1f
        movq %gs:0x10080, %r11
1:
        guard
        end bh_start
