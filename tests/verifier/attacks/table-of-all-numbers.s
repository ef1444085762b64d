# rule: JUMP_TABLE
# There is an entry for each number of 32 bits.
        .include "attack.inc"
        function bh_start
        .byte 0x81, 0xe0
        .long 0xffffffff
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
