# rule: DEPTH_MISMATCH
# An entry leads to a place that is reached with a smaller frame, too.
        .include "attack.inc"
        function bh_start
        testl %esi, %esi
        je .Lout
        subq $16, %rsp
        table_jump 2, table
.Lone:
        movl $0, 8(%rsp)
.Lpop:
        addq $16, %rsp
.Lout:
        ret
        end bh_start
        table table, .Lone, .Lout
