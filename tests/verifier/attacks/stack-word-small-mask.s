# rule: STACK_WORD
# A mask that leaves the stack pointer inside the control stack, in the long form.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rcx
        andq $-4096, %rcx
        movq (%rcx), %rax
        ret
        end bh_start
