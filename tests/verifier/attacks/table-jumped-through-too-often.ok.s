# accepted
# The closest legal form of table-jumped-through-too-often.s.
        .include "attack.inc"
        function bh_start
        .rept 2
        table_jump 2000, table
        .endr
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
        .rept 2000
        .long .Lone - table
        .endr
        .popsection
