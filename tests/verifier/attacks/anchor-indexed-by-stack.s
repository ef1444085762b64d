# rule: OPERAND_STACK
# %rsp is no index, and no base either.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq (%rsp,%r11), %rax
        ret
        end bh_start
