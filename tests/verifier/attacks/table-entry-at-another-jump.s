# rule: BRANCH_SEQUENCE
# An entry leads behind the mask of another jump through a table.
        .include "attack.inc"
        function bh_start
        table_jump 3, table
.Lone:
        table_jump 3, table, rdx, edx, r8
.Ltwo:
.Lout:
        ret
        end bh_start
        table table, .Lone + 3, .Ltwo, .Lout
