# accepted
# The closest legal form of table-jump-with-a-function-inside.s.
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
        nop
        ret
        end other
        table table, .Lone, .Ltwo, .Lout
