# rule: JUMP_TABLE
# Two functions jump through one table, which has the cases of the first.
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
        function other
        table_jump 3, table
.Lend:
        ret
        end other
        table table, .Lone, .Ltwo, .Lout
