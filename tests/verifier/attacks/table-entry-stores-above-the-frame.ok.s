# accepted
# The closest legal form of table-entry-stores-above-the-frame.s.
        .include "attack.inc"
        function bh_start
        table_jump 1, table
.Lone:
        pushq %rdi
        movq %rdi, (%rsp)
        popq %rdi
        ret
.Lout:
        ret
        end bh_start
        table table, .Lone
