# rule: ANCHOR
# A function that is called may write every register.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        subq $8, %rsp
        call other
        addq $8, %rsp
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start

        function other
        ret
        end other
