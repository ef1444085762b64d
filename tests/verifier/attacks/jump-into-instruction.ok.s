# accepted
# The closest legal form of jump-into-instruction.s.
        .include "attack.inc"
        function bh_start
        jmp 1f
1:
        movl $0xc3050f, %eax
        ret
        end bh_start
