# rule: ANCHOR
# Even a small one: the bias is what there is.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq 8(%r11,%rcx), %rax
        ret
        end bh_start
