# rule: BRANCH_SEQUENCE
# Jumps to where the slot's base is added, with an unchecked target.
        .include "attack.inc"
        function bh_start
        movq %rdi, %r11
        jmp 2f
        movl %r11d, %r11d
        movl $-0x13572468, %r10d
        addl %gs:-4(%r11d), %r10d
        je 2f
        ud2
2:
        addq %gs:0x10000, %r11
        call *%r11
        ret
        end bh_start
