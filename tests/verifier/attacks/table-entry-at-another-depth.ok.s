# accepted
# The closest legal form of table-entry-at-another-depth.s.
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
        table table, .Lone, .Lpop
