# accepted
# The closest legal form of table-jump-to-high-twin.s.
        .include "attack.inc"
        function bh_start
        movl %ecx, %r8d
        cmpl $3, %r8d
        jae .Lout
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
