# rule: FRAME_STORE
# Behind an entry is a store to the return address.
        .include "attack.inc"
        function bh_start
        table_jump 1, table
.Lone:
        movq %rdi, (%rsp)
        ret
.Lout:
        ret
        end bh_start
        table table, .Lone
