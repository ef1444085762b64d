# accepted
# The closest legal form of hardened-entry-jump-with-frame.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        pushq %rbx
        popq %rbx
        hardened_entry jmp, 0x10080
        end bh_start
