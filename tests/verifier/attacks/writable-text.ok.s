# accepted
# The closest legal form of writable-text.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .both, "awR", @progbits
        ret
        .text
