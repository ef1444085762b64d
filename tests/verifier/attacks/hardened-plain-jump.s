# rule: HARDENED
# A plain checked tail jump in a hardened image.
        .include "attack.inc"
        hardened_note
        function bh_start
        checked jmp, 0x13572468
        end bh_start
