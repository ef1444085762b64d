# accepted
# The closest legal form of table-jump-to-other-register.s.
        .include "attack.inc"
        function bh_start
        andl $2, %edx
        leaq table(%rip), %rbx
        movslq (%rbx,%rdx,4), %rdx
        addq %rbx, %rdx
        jmp *%rdx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
