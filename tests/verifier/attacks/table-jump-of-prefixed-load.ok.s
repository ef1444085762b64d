# accepted
# The closest legal form of table-jump-of-prefixed-load.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r11d
        leaq table(%rip), %r12
        movslq (%r12,%r11,4), %r11
        addq %r12, %r11
        jmp *%r11
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
