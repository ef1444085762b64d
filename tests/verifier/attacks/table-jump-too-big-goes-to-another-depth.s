# rule: DEPTH_MISMATCH
# The branch for big numbers goes where the frame is smaller.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        je .Lout
        pushq %rbx
        table_jump 1, table, .Lout
.Lone:
        popq %rbx
.Lout:
        ret
        end bh_start
        table table, .Lone
