# rule: INSTRUCTION
# Opens user pages to the kernel.
        .include "attack.inc"
        function bh_start
        stac
        ret
        end bh_start
