# accepted
# The closest legal form of table-jump-compares-other.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %edx
        cmpl $3, %edx
        jae .Lout
        leaq table(%rip), %rcx
        movslq (%rcx,%rdx,4), %rdx
        addq %rcx, %rdx
        jmp *%rdx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
