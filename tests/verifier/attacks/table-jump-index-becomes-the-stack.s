# rule: STACK_POINTER
# The index is moved to %rsp.
        .include "attack.inc"
        function bh_start
        movl %edi, %esp
        cmpl $3, %esp
        jae .Lout
        leaq table(%rip), %rcx
        .byte 0x48, 0x63, 0x24, 0xa1
        addq %rcx, %rsp
        jmp *%rsp
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
