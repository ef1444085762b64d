# rule: STACK_POINTER
# The index is %rsp.
        .include "attack.inc"
        function bh_start
        andl $2, %esp
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
