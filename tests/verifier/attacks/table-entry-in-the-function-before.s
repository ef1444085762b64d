# rule: JUMP_TABLE
# An entry leads into the function in front.
        .include "attack.inc"
        function other
        nop
        ret
        end other
        function bh_start
        table_jump 3, table
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, other + 1, .Lout
