# accepted
# The closest legal form of indirect-jump.s.
        .include "attack.inc"
        function bh_start
        movq %rdi, %r11
        checked jmp, 0x13572468
        end bh_start
