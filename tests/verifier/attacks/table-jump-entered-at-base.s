# rule: BRANCH_SEQUENCE
# A branch goes to the table's address, past the start of the sequence.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        jne .Lin
        andl $2, %eax
.Lin:
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
