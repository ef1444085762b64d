# accepted
# The closest legal form of table-jump-shifts.s.
        .include "attack.inc"
        function bh_start
        .byte 0x81, 0xe0, 0x02, 0x00, 0x00, 0x00
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
