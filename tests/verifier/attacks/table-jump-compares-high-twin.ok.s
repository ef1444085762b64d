# accepted
# The closest legal form of table-jump-compares-high-twin.s.
        .include "attack.inc"
        function bh_start
        movl %eax, %r8d
        cmpl $3, %r8d
        jae .Lout
        leaq table(%rip), %rcx
        movslq (%rcx,%r8,4), %r8
        addq %rcx, %r8
        jmp *%r8
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
