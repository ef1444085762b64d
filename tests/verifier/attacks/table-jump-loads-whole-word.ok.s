# accepted
# The closest legal form of table-jump-loads-whole-word.s.
        .include "attack.inc"
        function bh_start
        movl %r13d, %r8d
        cmpl $3, %r8d
        jae .Lout
        leaq table(%rip), %rdi
        movslq (%rdi,%r8,4), %r8
        addq %rdi, %r8
        jmp *%r8
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
