# rule: ANCHOR
# A function that is called may write every register.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r8
        subq $8, %rsp
        checked call, 0x1234567
        addq $8, %rsp
        movl %eax, %ecx
        movq (%r8,%rcx), %rax
        ret
        end bh_start
