# rule: OPERAND_SEGMENT
# Another register than the index is masked.
        .include "attack.inc"
        function bh_start
        andl $2, %edx
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
