# accepted
# The closest legal form of table-jump-adds-to-memory.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %ebx
        cmpl $3, %ebx
        jae .Lout
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
