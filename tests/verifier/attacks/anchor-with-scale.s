# rule: ANCHOR
# The index counts eightfold.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq (%r11,%rcx,8), %rax
        ret
        end bh_start
