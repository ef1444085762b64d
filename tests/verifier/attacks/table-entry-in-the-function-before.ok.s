# accepted
# The closest legal form of table-entry-in-the-function-before.s.
        .include "attack.inc"
        function other
        nop
        ret
        end other
        function bh_start
        table_jump 3, table
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
