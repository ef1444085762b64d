# accepted
# The closest legal form of table-jump-subtracts.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ebx
        leaq table(%rip), %rcx
        movslq (%rcx,%rbx,4), %rbx
        addq %rcx, %rbx
        jmp *%rbx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
