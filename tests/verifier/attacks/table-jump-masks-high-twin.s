# rule: OPERAND_SEGMENT
# %r8d is masked, and %rax is the index.
        .include "attack.inc"
        function bh_start
        andl $2, %r8d
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
