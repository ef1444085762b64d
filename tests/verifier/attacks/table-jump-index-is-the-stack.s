# rule: STACK_POINTER
# The index is %rsp.
        .include "attack.inc"
        function bh_start
        movl %esp, %eax
        cmpl $3, %eax
        jae .Lout
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
