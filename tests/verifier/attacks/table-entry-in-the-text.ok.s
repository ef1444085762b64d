# accepted
# The closest legal form of table-entry-in-the-text.s.
        .include "attack.inc"
        function bh_start
        table_jump 1, .Lone + 1
.Lone:
        movl $.Lout - (.Lone + 1) + 0, %eax
.Lout:
        movl $0xc3c3, %eax
        ret
        end bh_start
