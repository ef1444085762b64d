# accepted
# The closest legal form of anchor-past-checked-call.s.
        .include "attack.inc"
        function bh_start
        subq $8, %rsp
        checked call, 0x1234567
        addq $8, %rsp
        movq %gs:0x10000, %r8
        movl %eax, %ecx
        movq (%r8,%rcx), %rax
        ret
        end bh_start
