# accepted
# The closest legal form of function-inside-instruction.s.
        .include "attack.inc"
        function bh_start
        .fill 16, 1, 0x90
        movabsq $0xc3050fc3050f, %rax
        ret
        end bh_start
