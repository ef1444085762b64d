# rule: JUMP_TABLE
# A table without entries is in writable memory.
        .include "attack.inc"
        function bh_start
        table_jump 0, table, .Lout
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        .pushsection .data
        .balign 4
table:
        .long .Lone - table, .Ltwo - table, .Lout - table
        .popsection
