# accepted
# The closest legal form of table-one-byte-too-long.s.
        .include "attack.inc"
        function bh_start
        table_jump 1, bh_end - 4
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
