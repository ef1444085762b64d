# rule: HARDENED
# A plain tail jump through the table in a hardened image.
        .include "attack.inc"
        hardened_note
        function bh_start
        jmp *%gs:0x10080
        end bh_start
