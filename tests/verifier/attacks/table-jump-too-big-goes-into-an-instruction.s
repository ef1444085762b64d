# rule: BRANCH_TARGET
# The branch for big numbers goes into an instruction.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $3, %eax
        jae .Lmov + 1
        leaq table(%rip), %rcx
        movslq (%rcx,%rax,4), %rax
        addq %rcx, %rax
        jmp *%rax
.Lmov:
        movl $0xc3c3c3c3, %eax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
