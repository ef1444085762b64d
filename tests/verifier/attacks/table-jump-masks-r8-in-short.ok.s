# accepted
# The closest legal form of table-jump-masks-r8-in-short.s.
        .include "attack.inc"
        function bh_start
        .byte 0x41, 0x81, 0xe0, 2, 0, 0, 0
        leaq table(%rip), %rcx
        movslq (%rcx,%r8,4), %r8
        addq %rcx, %r8
        jmp *%r8
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
