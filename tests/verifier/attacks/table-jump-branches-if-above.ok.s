# accepted
# The closest legal form of table-jump-branches-if-above.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %r10d
        cmpl $3, %r10d
        jae .Lout
        leaq table(%rip), %r11
        movslq (%r11,%r10,4), %r10
        addq %r11, %r10
        jmp *%r10
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
