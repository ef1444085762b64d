# accepted
# The closest legal form of table-entry-to-a-breakpoint.s.
        .include "attack.inc"
        function bh_start
        table_jump 1, table
.Lout:
        ret
.Lone:
        ud2
        int3
        end bh_start
        table table, .Lone
