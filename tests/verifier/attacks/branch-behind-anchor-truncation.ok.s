# accepted
# The closest legal form of branch-behind-anchor-truncation.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        testl %edi, %edi
        jne 1f
1:      movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
