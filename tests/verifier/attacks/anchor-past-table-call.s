# rule: ANCHOR
# Another domain may write every register.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        subq $8, %rsp
        call *%gs:0x10080
        addq $8, %rsp
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
