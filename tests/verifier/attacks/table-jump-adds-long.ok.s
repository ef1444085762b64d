# accepted
# The closest legal form of table-jump-adds-long.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %edx
        .byte 0x81, 0xfa, 3, 0, 0, 0
        jae .Lout
        leaq table(%rip), %rcx
        movslq (%rcx,%rdx,4), %rdx
        addq %rcx, %rdx
        jmp *%rdx
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
