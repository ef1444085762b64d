# rule: BRANCH_SEQUENCE
# Jumps to the string instruction past its checks.
        .include "attack.inc"
        function bh_start
        jmp 1f
        movl %edi, %edi
        addq %gs:0x10000, %rdi
1:
        rep stosb
        ret
        end bh_start
