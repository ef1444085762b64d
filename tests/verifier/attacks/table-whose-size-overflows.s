# rule: JUMP_TABLE
# The size in bytes, cut to 32 bits, is that of the table.
        .include "attack.inc"
        function bh_start
        .byte 0x81, 0xe0
        .long 0x40000002
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
