# accepted
# The closest legal form of table-writable.s.
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
        .long .Lone - table, .Ltwo - table, .Lout - table
        .popsection
