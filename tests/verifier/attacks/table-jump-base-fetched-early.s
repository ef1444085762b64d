# rule: OPERAND_SEGMENT
# Something stands between the table's address and its use.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rcx
        nop
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
