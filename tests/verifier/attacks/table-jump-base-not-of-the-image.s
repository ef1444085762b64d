# rule: OPERAND_SEGMENT
# The table is where a register says.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        cmpl $3, %eax
        jae .Lout
        leaq 0x20000(%rdx), %rcx
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
