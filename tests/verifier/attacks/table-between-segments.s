# rule: JUMP_TABLE
# The table is in the gap between two segments.
        .include "attack.inc"
        function bh_start
        table_jump 3, bh_start + 0xfc0
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
