# rule: OPERAND_SEGMENT
# Something stands between the mask and the table's address.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        movl %edi, %eax
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
