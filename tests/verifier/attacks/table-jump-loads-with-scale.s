# rule: OPERAND_SEGMENT
# The entries are taken for words of 8 bytes.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rcx
        movslq (%rcx,%rax,8), %rax
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
