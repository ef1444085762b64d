# rule: INSTRUCTION
# iret loads flags, segments and %rsp.
        .include "attack.inc"
        function bh_start
        iretq
        end bh_start
