# rule: JUMP_TABLE
# The number of entries is below 0, as a number with a sign.
        .include "attack.inc"
        function bh_start
        .byte 0x81, 0xe0
        .long 0x80000000
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
