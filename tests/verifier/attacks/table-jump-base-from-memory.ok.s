# accepted
# The closest legal form of table-jump-base-from-memory.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ebp
        leaq table(%rip), %r13
        movslq (%r13,%rbp,4), %rbp
        addq %r13, %rbp
        jmp *%rbp
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
