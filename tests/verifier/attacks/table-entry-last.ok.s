# accepted
# The closest legal form of table-entry-last.s.
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
        table table, .Lone, .Lone, .Lone
