# accepted
# The closest legal form of table-jump-masks-word.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ecx
        leaq table(%rip), %rax
        movslq (%rax,%rcx,4), %rcx
        addq %rax, %rcx
        jmp *%rcx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
