# rule: JUMP_TABLE
# The last byte of the table is behind the text, where the file has nothing more for it.
        .include "attack.inc"
        function bh_start
        table_jump 1, bh_end - 3
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        function last
        ret
        movl $.Lone - (bh_end - 4), %eax
bh_end:
        end last
