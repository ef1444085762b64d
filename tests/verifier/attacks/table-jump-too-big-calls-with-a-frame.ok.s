# accepted
# The closest legal form of table-jump-too-big-calls-with-a-frame.s.
        .include "attack.inc"
        function bh_start
        table_jump 1, table, other
.Lone:
        ret
        end bh_start
        function other
        nop
        ret
        end other
        table table, .Lone
