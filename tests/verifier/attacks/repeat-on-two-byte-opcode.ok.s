# accepted
# The closest legal form of repeat-on-two-byte-opcode.s.
        .include "attack.inc"
        function bh_start
        imull %ecx, %eax
        ret
        end bh_start
