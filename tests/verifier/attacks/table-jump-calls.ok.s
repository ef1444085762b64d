# accepted
# The closest legal form of table-jump-calls.s.
        .include "attack.inc"
        function bh_start
        andl $2, %edi
        leaq table(%rip), %rax
        movslq (%rax,%rdi,4), %rdi
        addq %rax, %rdi
        jmp *%rdi
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
