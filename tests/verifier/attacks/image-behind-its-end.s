# rule: OPERAND_IMAGE
# A RIP-relative store behind the image.
        .include "attack.inc"
        function bh_start
        movq %rax, 0x8000000(%rip)
        ret
        end bh_start
