# rule: INDIRECT
# The label is put into another register than the one that is compared.
        .include "attack.inc"
        function bh_start
        movl %r11d, %r11d
        movl $-0x13572468, %r9d
        addl %gs:-4(%r11d), %r10d
        je 1f
        ud2
1:
        addq %gs:0x10000, %r11
        call *%r11
        ret
        end bh_start
