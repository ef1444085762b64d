# accepted
# The closest legal form of table-jump-adds-long.s.
        .include "attack.inc"
        function bh_start
        .byte 0x81, 0xe2, 2, 0, 0, 0
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
