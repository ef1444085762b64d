# rule: BRANCH_SEQUENCE
# The long form of the branch for big numbers goes to the load.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $3, %eax
        .byte 0x0f, 0x83
        .long .Lload - . - 4
        leaq table(%rip), %rcx
.Lload:
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
