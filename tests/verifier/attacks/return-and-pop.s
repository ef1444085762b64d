# rule: INSTRUCTION
# A return that also moves %rsp.
        .include "attack.inc"
        function bh_start
        ret $8
        end bh_start
