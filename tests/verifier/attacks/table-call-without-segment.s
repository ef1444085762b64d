# rule: INDIRECT
# The entry at an absolute address below the slots.
        .include "attack.inc"
        function bh_start
        call *0x10080(,%riz)
        ret
        end bh_start
