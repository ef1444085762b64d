# rule: ANCHOR
# The same with a store.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl %eax, %ecx
        movq %rdi, (%r11,%rcx,2)
        ret
        end bh_start
