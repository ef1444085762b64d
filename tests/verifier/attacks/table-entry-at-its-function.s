# rule: DEPTH_MISMATCH
# An entry leads to the start of the function, with another frame.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        table_jump 2, table
.Lone:
.Lout:
        addq $8, %rsp
        ret
        end bh_start
        table table, .Lone, bh_start
