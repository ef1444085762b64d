# rule: JUMP_TABLE
# So many jumps go through a big table that looking at all entries would take long.
        .include "attack.inc"
        function bh_start
        .rept 50
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
