# rule: OPERAND_SEGMENT
# Only r8 to r15 can be anchors: others are written without being named.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %rbx
        movl %eax, %ecx
        movq (%rbx,%rcx), %rax
        ret
        end bh_start
