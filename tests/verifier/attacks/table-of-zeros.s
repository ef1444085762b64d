# rule: JUMP_TABLE
# The table is memory that begins as zeros.
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
        .pushsection .bss
table:
        .zero 12
        .popsection
