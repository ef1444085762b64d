# rule: IMAGE_FUNCTIONS
# The function table names the middle of an instruction.
        .include "attack.inc"
        function bh_start
        .fill 14, 1, 0x90
        movabsq $0xc3050fc3050f, %rax
        ret
        listed bh_start+16
        end bh_start
