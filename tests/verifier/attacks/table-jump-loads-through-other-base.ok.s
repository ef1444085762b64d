# accepted
# The closest legal form of table-jump-loads-through-other-base.s.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rdx
        movslq (%rdx,%rax,4), %rax
        addq %rdx, %rax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
