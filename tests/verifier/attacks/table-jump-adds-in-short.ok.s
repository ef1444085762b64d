# accepted
# The closest legal form of table-jump-adds-in-short.s.
        .include "attack.inc"
        function bh_start
        .byte 0x25, 2, 0, 0, 0
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
