# rule: OPERAND_SEGMENT
# The one instruction form with an address of 64 bits.
        .include "attack.inc"
        function bh_start
        movabsq %rax, 0x1122334455667788
        ret
        end bh_start
