# accepted
# The closest legal form of table-jump-compares-eax-in-short.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        .byte 0x3d, 3, 0, 0, 0
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
