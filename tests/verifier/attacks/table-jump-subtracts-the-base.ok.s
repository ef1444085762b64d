# accepted
# The closest legal form of table-jump-subtracts-the-base.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ebx
        leaq table(%rip), %rax
        movslq (%rax,%rbx,4), %rbx
        addq %rax, %rbx
        jmp *%rbx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
