# rule: STRING
# The target is cut to 32 bits, and the base left out.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        nop
        stosq
        ret
        .fill 16, 1, 0x90
        end bh_start
