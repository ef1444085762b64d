# accepted
# The closest legal form of vector-opcode-without-its-prefix.s.
        .include "attack.inc"
        function bh_start
        punpcklqdq %gs:(%ecx), %xmm0
        ret
        end bh_start
