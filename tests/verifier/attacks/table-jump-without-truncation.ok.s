# accepted
# The closest legal form of table-jump-without-truncation.s.
        .include "attack.inc"
        function bh_start
        .byte 0x8b, 0xc7
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
