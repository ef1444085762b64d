# rule: PREFIX
# A prefix of an extension that is gone again.
        .include "attack.inc"
        function bh_start
        .byte 0xf2, 0xe9, 0, 0, 0, 0
        ret
        end bh_start
