# rule: STACK_WORD
# An instruction between mask and access.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        nop
        movq (%rax), %rcx
        ret
        end bh_start
