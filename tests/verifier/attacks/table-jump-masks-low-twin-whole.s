# rule: OPERAND_SEGMENT
# %rax is masked whole, and %r8 is the index.
        .include "attack.inc"
        function bh_start
        andq $2, %rax
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
