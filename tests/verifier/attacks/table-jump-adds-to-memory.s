# rule: OPERAND_SEGMENT
# The sum is in memory, and the entry is where the jump goes.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rcx
        movslq (%rcx,%rax,4), %rax
        addq %rcx, %gs:(%eax)
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
