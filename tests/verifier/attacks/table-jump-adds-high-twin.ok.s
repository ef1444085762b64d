# accepted
# The closest legal form of table-jump-adds-high-twin.s.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %r9
        movslq (%r9,%rax,4), %rax
        addq %r9, %rax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
