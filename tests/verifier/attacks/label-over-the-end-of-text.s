# rule: LABEL
# The label's last bytes are the zeros behind the text in its last page, and the target is those zeros: unchecked stores.
        .include "attack.inc"
        function bh_start
        checked call, 0x00000037
        ret
        end bh_start
        function other
        ret
        .byte 0xb0, 0x37
        end other
