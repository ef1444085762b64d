# accepted
# The closest legal form of table-jump-base-not-of-the-image.s.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %r13
        movslq (%r13,%rax,4), %rax
        addq %r13, %rax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
