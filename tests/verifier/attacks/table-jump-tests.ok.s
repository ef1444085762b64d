# accepted
# The closest legal form of table-jump-tests.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ebx
        leaq table(%rip), %r13
        movslq (%r13,%rbx,4), %rbx
        addq %r13, %rbx
        jmp *%rbx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
