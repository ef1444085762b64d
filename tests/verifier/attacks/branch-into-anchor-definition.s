# rule: BRANCH_SEQUENCE
# A branch to the bias leaves the base out.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        jne 1f
        movq %gs:0x10000, %r11
1:      leaq 8(%r11), %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
