# rule: BRANCH_SEQUENCE
# A branch to the use leaves the truncation out.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        testl %edi, %edi
        jne 1f
        movl %eax, %ecx
1:      movq (%r11,%rcx), %rax
        ret
        end bh_start
