# rule: RETURN_DEPTH
# The branch for big numbers is a tail call with a frame.
        .include "attack.inc"
        function bh_start
        pushq %rbx
        table_jump 1, table, other
.Lone:
        popq %rbx
        ret
        end bh_start
        function other
        nop
        ret
        end other
        table table, .Lone
