# rule: BRANCH_TARGET
# The branch for big numbers goes behind the text.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $3, %eax
        jae .Lout + 0x1000
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
