# accepted
# The closest legal form of table-entry-behind-a-check.s.
        .include "attack.inc"
        function bh_start
        table_jump 3, table
.Lone:
        checked jmp, 0x13572468
.Ltwo:
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
