# rule: DEPTH_MISMATCH
# Only the first entry leads to a place with a smaller frame.
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
        table table, .Lout, .Lone
