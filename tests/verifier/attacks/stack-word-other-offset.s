# rule: STACK_WORD
# Reads another word of the thread's control block.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        movq 8(%rax), %rcx
        ret
        end bh_start
