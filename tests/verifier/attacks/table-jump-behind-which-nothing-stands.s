# rule: FALL_THROUGH
# The branch for big numbers goes to the last instruction, which is no end.
        .include "attack.inc"
        function bh_start
        table_jump 1, table, .Lout
.Lone:
        ret
.Lout:
        nop
        end bh_start
        function other
        nop
        ret
        end other
        table table, .Lone
