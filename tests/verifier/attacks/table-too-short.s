# rule: JUMP_TABLE
# The table has more entries than read-only memory has words.
        .include "attack.inc"
        function bh_start
        table_jump 4096, table
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
