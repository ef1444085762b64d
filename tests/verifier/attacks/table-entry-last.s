# rule: JUMP_TABLE
# The last entry leads behind the text.
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
        table table, .Lone, .Lout, .Lout + 0x1000
