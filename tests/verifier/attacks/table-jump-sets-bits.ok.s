# accepted
# The closest legal form of table-jump-sets-bits.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ebx
        leaq table(%rip), %rdx
        movslq (%rdx,%rbx,4), %rbx
        addq %rdx, %rbx
        jmp *%rbx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
