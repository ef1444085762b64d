# rule: JUMP_TABLE
# The first entry leads out of the text.
        .include "attack.inc"
        function bh_start
        table_jump 3, table
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, bh_start - 0x10, .Lone, .Lout
