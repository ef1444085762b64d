# accepted
# The closest legal form of table-jump-too-big-goes-to-another-depth.s.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        je .Lout
        pushq %rbx
        table_jump 1, table, .Lone
.Lone:
        popq %rbx
.Lout:
        ret
        end bh_start
        table table, .Lone
