# rule: OPERAND_SEGMENT
# A byte below 0 leaves most of the index.
        .include "attack.inc"
        function bh_start
        andl $-128, %eax
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
