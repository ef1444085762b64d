# accepted
# The closest legal form of jump-to-the-checks-base.s.
        .include "attack.inc"
        function bh_start
        movq %rdi, %r11
        jmp 1f
1:
        checked call, 0x13572468
        ret
        end bh_start
