# accepted
# The closest legal form of hardened-guard-without-pause.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        hardened jmp, 0x13572468
        end bh_start
