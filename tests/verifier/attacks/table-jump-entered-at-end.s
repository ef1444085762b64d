# rule: BRANCH_SEQUENCE
# A branch goes to the jump, past the start of the sequence.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        jne .Lin
        andl $2, %eax
        leaq table(%rip), %rcx
        movslq (%rcx,%rax,4), %rax
        addq %rcx, %rax
.Lin:
        jmp *%rax
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
