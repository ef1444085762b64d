# accepted
# The closest legal form of hardened-jump-with-frame.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        pushq %rbx
        popq %rbx
        hardened jmp, 0x13572468
        end bh_start
