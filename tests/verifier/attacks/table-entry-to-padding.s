# rule: FALL_THROUGH
# An entry leads to padding, behind which is the next function.
        .include "attack.inc"
        function bh_start
        table_jump 1, table
.Lout:
        ret
.Lone:
        nop
        end bh_start
        function other
        nop
        ret
        end other
        table table, .Lone
