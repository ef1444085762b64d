# accepted
# The closest legal form of table-jump-base-is-the-stack.s.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %r12
        movslq (%r12,%rax,4), %rax
        addq %r12, %rax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
