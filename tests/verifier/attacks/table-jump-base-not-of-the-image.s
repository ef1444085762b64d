# rule: OPERAND_SEGMENT
# The table is where a register says.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
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
