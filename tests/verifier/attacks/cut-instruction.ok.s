# accepted
# The closest legal form of cut-instruction.s.
        .include "attack.inc"
        function bh_start
        ret
        .byte 0x90
        end bh_start
