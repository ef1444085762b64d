# accepted
# The closest legal form of anchor-past-table-call.s.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        call *%gs:0x10080
        addq $8, %rsp
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq (%r11,%rcx), %rax
        ret
        end bh_start
