# rule: BRANCH_SEQUENCE
# A function starts at the load of the entry.
        .include "attack.inc"
        function bh_start
        .fill 6, 1, 0x90
        andl $2, %eax
        leaq table(%rip), %rcx
.Lload:
        listed .Lload
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
