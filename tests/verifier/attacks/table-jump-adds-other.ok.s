# accepted
# The closest legal form of table-jump-adds-other.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r11d
        leaq table(%rip), %rdx
        movslq (%rdx,%r11,4), %r11
        addq %rdx, %r11
        jmp *%r11
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
