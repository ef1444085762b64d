# accepted
# The closest legal form of hardened-plain-table-jump.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        hardened_entry jmp, 0x10080
        end bh_start
