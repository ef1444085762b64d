# rule: LABEL
# The label's bytes are the immediate of an instruction, and what follows it becomes a target.
        .include "attack.inc"
        function bh_start
        checked call, 0x13572468
        ret
        end bh_start
        function other
        movl $0x13572468, %ecx
        ret
        end other
