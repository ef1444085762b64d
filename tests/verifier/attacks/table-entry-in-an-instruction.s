# rule: JUMP_TABLE
# An entry leads into an instruction.
        .include "attack.inc"
        function bh_start
        table_jump 3, table
.Lone:
        movl $0xc3c3c3c3, %eax
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Lone + 1, .Lout
