# accepted
# The closest legal form of table-entry-at-another-function.s.
        .include "attack.inc"
        function bh_start
        table_jump 3, table
.Lone:
        ret
.Ltwo:
        jmp other
.Lout:
        ret
        end bh_start
        function other
        nop
        ret
        end other
        table table, .Lone, .Ltwo, .Lout
