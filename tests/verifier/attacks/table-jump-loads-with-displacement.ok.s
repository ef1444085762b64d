# accepted
# The closest legal form of table-jump-loads-with-displacement.s.
        .include "attack.inc"
        function bh_start
        andl $2, %ebp
        leaq table(%rip), %rbx
        movslq (%rbx,%rbp,4), %rbp
        addq %rbx, %rbp
        jmp *%rbp
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
