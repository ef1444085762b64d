# accepted
# The closest legal form of jump-into-stack-word.s.
        .include "attack.inc"
        function bh_start
        movq %rdi, %rax
        jmp 1f
1:
        movq %rsp, %rax
        andq $-65536, %rax
        movq %rcx, (%rax)
        ret
        end bh_start
