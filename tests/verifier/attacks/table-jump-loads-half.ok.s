# accepted
# The closest legal form of table-jump-loads-half.s.
        .include "attack.inc"
        function bh_start
        andl $2, %edi
        leaq table(%rip), %r8
        movslq (%r8,%rdi,4), %rdi
        addq %r8, %rdi
        jmp *%rdi
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
