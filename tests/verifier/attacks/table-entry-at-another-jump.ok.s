# accepted
# The closest legal form of table-entry-at-another-jump.s.
        .include "attack.inc"
        function bh_start
        table_jump 3, table
.Lone:
        table_jump 3, table, rdx, edx, r8
.Ltwo:
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
