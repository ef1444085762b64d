# rule: JUMP_TABLE
# An entry leads to the table itself.
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
        table table, .Lone, table, .Lout
