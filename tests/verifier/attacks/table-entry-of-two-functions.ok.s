# accepted
# The closest legal form of table-entry-of-two-functions.s.
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
        table_jump 3, another
.Lend:
        ret
        end other
        table table, .Lone, .Ltwo, .Lout
        table another, .Lend, .Lend, other
