# rule: JUMP_TABLE
# An entry leads to where the text ends.
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
last:
        table table, .Lone, .Ltwo, last
