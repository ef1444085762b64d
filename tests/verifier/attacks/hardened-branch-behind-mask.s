# rule: BRANCH_SEQUENCE
# Enters a hardened call behind its mask.
        .include "attack.inc"
        hardened_note
        function bh_start
        testl %edi, %edi
        jne 1f
        check 0x13572468
        mask
1:
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
