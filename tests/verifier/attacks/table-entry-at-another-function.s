# rule: JUMP_TABLE
# An entry leads to the start of another function, as a tail call might.
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
        table table, .Lone, other, .Lout
