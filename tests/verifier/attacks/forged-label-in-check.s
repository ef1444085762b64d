# rule: LABEL
# One check's negated label is another check's label.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        checked call, -0x13572468
        ret
        end bh_start
