# rule: BRANCH_SEQUENCE
# Enters a hardened call at its last instruction.
        .include "attack.inc"
        hardened_note
        function bh_start
        testl %edi, %edi
        jne 1f
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        jmp 8f
5:
        guard
1:
8:
        call 5b
        ret
        end bh_start
