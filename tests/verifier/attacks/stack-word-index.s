# rule: STACK_WORD
# The masked address plus an index.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        movq (%rax,%rcx), %rdx
        ret
        end bh_start
