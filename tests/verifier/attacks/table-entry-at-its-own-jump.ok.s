# accepted
# The closest legal form of table-entry-at-its-own-jump.s.
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
        table table, .Lone, .Ltwo, .Lout
