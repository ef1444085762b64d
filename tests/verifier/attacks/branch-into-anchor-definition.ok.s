# accepted
# The closest legal form of branch-into-anchor-definition.s.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        jne 1f
1:      movq %gs:0x10000, %r11
        leaq 8(%r11), %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
