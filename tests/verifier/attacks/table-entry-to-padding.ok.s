# accepted
# The closest legal form of table-entry-to-padding.s.
        .include "attack.inc"
        function bh_start
        table_jump 1, table
.Lout:
        ret
.Lone:
        ud2
        end bh_start
        function other
        nop
        ret
        end other
        table table, .Lone
