# accepted
# The closest legal form of table-jump-compares-word.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %ecx
        cmpl $3, %ecx
        jae .Lout
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
