# accepted
# The closest legal form of hardened-entry-misaligned.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        hardened_entry jmp, 0x11ff8
        end bh_start
