# rule: IMAGE_WX
# A section that can be both written and executed.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
        .section .both, "awxR", @progbits
        ret
        .text
