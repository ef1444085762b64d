# rule: HARDENED
# A plain checked call in an image that says it is hardened: speculation gets past the check.
        .include "attack.inc"
        hardened_note
        function bh_start
        checked call, 0x13572468
        ret
        end bh_start
