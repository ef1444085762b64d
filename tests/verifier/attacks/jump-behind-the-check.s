# rule: BRANCH_SEQUENCE
# Jumps to the call of a checked sequence.
        .include "attack.inc"
        function bh_start
        movq %rdi, %r11
        jmp 1f
        movl %r11d, %r11d
        movl $-0x13572468, %r10d
        addl %gs:-4(%r11d), %r10d
        je 2f
        ud2
2:
        addq %gs:0x10000, %r11
1:
        call *%r11
        ret
        end bh_start
