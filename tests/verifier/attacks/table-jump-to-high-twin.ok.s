# accepted
# The closest legal form of table-jump-to-high-twin.s.
        .include "attack.inc"
        function bh_start
        andl $2, %r8d
        leaq table(%rip), %rbx
        movslq (%rbx,%r8,4), %r8
        addq %rbx, %r8
        jmp *%r8
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
