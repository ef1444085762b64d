# rule: BRANCH_SEQUENCE
# Jumps to the last instruction of the data stack idiom with a register of its own choice.
        .include "attack.inc"
        function bh_start
        movq %rdi, %rax
        jmp 1f
        movq %rsp, %rax
        andq $-65536, %rax
1:
        movq %rcx, (%rax)
        ret
        end bh_start
