# accepted
# The closest legal form of function-inside-check.s.
        .include "attack.inc"
        function bh_start
        .fill 13, 1, 0x90
        jmp place
        .balign 16, 0xcc
place:
        movl %r11d, %r11d
        movl $-0x13572468, %r10d
        addl %gs:-4(%r11d), %r10d
        je 2f
        ud2
2:
        addq %gs:0x10000, %r11
        call *%r11
        ret
        listed place
        end bh_start
