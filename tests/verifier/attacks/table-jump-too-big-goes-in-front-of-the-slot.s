# rule: BRANCH_TARGET
# The branch for big numbers goes to the neighbour's slot, at the text's distance.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $3, %eax
        .byte 0x0f, 0x83
        .long -0x70000000
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
