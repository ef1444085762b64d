# rule: INDIRECT
# The label of one register's target is checked, another is called.
        .include "attack.inc"
        function bh_start
        movl %r11d, %r11d
        movl $-0x13572468, %r10d
        addl %gs:-4(%r11d), %r10d
        je 1f
        ud2
1:
        addq %gs:0x10000, %r11
        call *%rax
        ret
        end bh_start
