# rule: BRANCH_SEQUENCE
# Enters a guard where it replaces the return address.
        .include "attack.inc"
        hardened_note
        function bh_start
        testl %edi, %edi
        jne 6f
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        guard
        end bh_start
