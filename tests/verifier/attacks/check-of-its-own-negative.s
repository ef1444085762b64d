# rule: INDIRECT
# 0x80000000 is its own negative, so that the check holds the label it looks for.
        .include "attack.inc"
        function bh_start
        checked call, 0x80000000
        ret
        end bh_start
