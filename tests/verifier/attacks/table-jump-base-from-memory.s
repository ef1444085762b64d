# rule: OPERAND_SEGMENT
# The table's address is read from memory.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        movq table(%rip), %rcx
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
