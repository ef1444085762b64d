# rule: BRANCH_SEQUENCE
# An entry leads behind the comparison of another jump through a table.
        .include "attack.inc"
        function bh_start
        table_jump 3, table, .Lout
.Lone:
        table_jump 3, table, .Lout, esi, rdx, edx, r8
.Ltwo:
.Lout:
        ret
        end bh_start
        table table, .Lone + 5, .Ltwo, .Lout
