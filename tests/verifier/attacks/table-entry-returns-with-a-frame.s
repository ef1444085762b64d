# rule: RETURN_DEPTH
# Behind an entry is a return that takes a local word for its address.
        .include "attack.inc"
        function bh_start
        pushq %rbx
        table_jump 1, table
.Lone:
        ret
.Lout:
        popq %rbx
        ret
        end bh_start
        table table, .Lone
