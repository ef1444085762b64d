# accepted
# The closest legal form of table-jump-branches-if-above-far.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $3, %eax
        .byte 0x0f, 0x83
        .long .Lout - . - 4
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
