# rule: INSTRUCTION
# leave copies %rbp to %rsp.
        .include "attack.inc"
        function bh_start
        pushq %rbp
        leave
        ret
        end bh_start
