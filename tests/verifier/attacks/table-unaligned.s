# rule: JUMP_TABLE
# The entries are read one byte too early.
        .include "attack.inc"
        function bh_start
        table_jump 3, table - 1
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
