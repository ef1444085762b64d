# rule: OPERAND_SEGMENT
# The jump goes to %rax, and the sum is in %r8.
        .include "attack.inc"
        function bh_start
        andl $2, %r8d
        leaq table(%rip), %rcx
        movslq (%rcx,%r8,4), %r8
        addq %rcx, %r8
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
