# rule: LABEL
# The label's bytes are a displacement.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        end bh_start
        function other
        movq %gs:0x13572468(%eax), %rcx
        ret
        end other
