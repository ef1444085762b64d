# accepted
# The closest legal form of table-jump-behind-which-nothing-stands.s.
        .include "attack.inc"
        function bh_start
.Lone:
        ret
.Lout:
        ud2
.Lstart:
        table_jump 1, table, .Lout
        end bh_start
        function other
        nop
        ret
        end other
        table table, .Lone
