# accepted
# The closest legal form of table-jump-masks-too-early.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        andl $2, %eax
        leaq table(%rip), %rcx
        movslq (%rcx,%rax,4), %rax
        addq %rcx, %rax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
