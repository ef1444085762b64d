# accepted
# The closest legal form of repne-on-two-byte-opcode.s.
        .include "attack.inc"
        function bh_start
        movzbl %cl, %eax
        ret
        end bh_start
