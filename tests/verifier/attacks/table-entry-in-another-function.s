# rule: JUMP_TABLE
# An entry leads into another function.
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
        nop
        ret
        end other
        table table, .Lone, other + 1, .Lout
