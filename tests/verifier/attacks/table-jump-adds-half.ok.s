# accepted
# The closest legal form of table-jump-adds-half.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r15d
        leaq table(%rip), %rbx
        movslq (%rbx,%r15,4), %r15
        addq %rbx, %r15
        jmp *%r15
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
