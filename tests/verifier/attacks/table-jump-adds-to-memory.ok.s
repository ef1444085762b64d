# accepted
# The closest legal form of table-jump-adds-to-memory.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ebx
        leaq table(%rip), %r14
        movslq (%r14,%rbx,4), %rbx
        addq %r14, %rbx
        jmp *%rbx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
