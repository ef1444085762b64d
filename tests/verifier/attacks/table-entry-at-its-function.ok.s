# accepted
# The closest legal form of table-entry-at-its-function.s.
        .include "attack.inc"
        function bh_start
        table_jump 2, table
.Lone:
.Lout:
        ret
        end bh_start
        table table, .Lone, bh_start
