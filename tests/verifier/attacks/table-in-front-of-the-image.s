# rule: JUMP_TABLE
# The table is in front of the image.
        .include "attack.inc"
        function bh_start
        table_jump 3, bh_start - 0x1c000
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
