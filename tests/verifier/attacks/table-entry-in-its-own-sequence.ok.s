# accepted
# The closest legal form of table-entry-in-its-own-sequence.s.
        .include "attack.inc"
        function bh_start
        andl $2, %eax
        leaq table(%rip), %rcx
.Lload:
        movslq (%rcx,%rax,4), %rax
        addq %rcx, %rax
.Ljump:
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, bh_start, .Lout
