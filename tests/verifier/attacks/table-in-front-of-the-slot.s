# rule: JUMP_TABLE
# The table is in the neighbour's slot below.
        .include "attack.inc"
        function bh_start
        table_jump 3, bh_start - 0x7fff0000
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
