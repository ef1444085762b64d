# rule: JUMP_TABLE
# The table is an instruction's immediate, and leads into another one.
        .include "attack.inc"
        function bh_start
        table_jump 1, .Lone + 1
.Lone:
        movl $.Lout - (.Lone + 1) + 1, %eax
.Lout:
        movl $0xc3c3, %eax
        ret
        end bh_start
