# rule: JUMP_TABLE
# An entry leads as far up as an entry can.
        .include "attack.inc"
        function bh_start
        table_jump 3, table
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        .pushsection .rodata
        .balign 4
table:
        .long .Lone - table, 0x7fffffff, .Lout - table
        .popsection
