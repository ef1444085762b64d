# rule: PREFIX
# repne in front of movzx, where it means nothing yet.
        .include "attack.inc"
        function bh_start
        .byte 0xf2, 0x0f, 0xb6, 0xc1
        ret
        end bh_start
