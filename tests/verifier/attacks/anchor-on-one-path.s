# rule: ANCHOR
# Only one of two paths makes %r11 an anchor.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        je 1f
        movq %gs:0x10000, %r11
1:
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
