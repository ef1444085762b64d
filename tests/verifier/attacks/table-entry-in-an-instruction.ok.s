# accepted
# The closest legal form of table-entry-in-an-instruction.s.
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
        table table, .Lone, .Lone + 5, .Lout
