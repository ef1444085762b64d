# rule: STACK_POINTER
# The base is %rsp.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rsp
        movslq (%rsp,%rax,4), %rax
        addq %rsp, %rax
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
