# accepted
# The closest legal form of table-whose-count-looks-negative.s.
        .include "attack.inc"
        function bh_start
        movl %edi, %eax
        .byte 0x81, 0xf8
        .long 1
        jae .Lout
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
