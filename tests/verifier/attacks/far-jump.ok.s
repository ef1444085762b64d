# accepted
# The closest legal form of far-jump.s.
        .include "attack.inc"
        function bh_start
        movl %gs:(%eax), %r11d
        checked jmp, 0x13572468
        end bh_start
