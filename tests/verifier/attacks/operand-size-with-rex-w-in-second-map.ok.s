# accepted
# The closest legal form of operand-size-with-rex-w-in-second-map.s.
        .include "attack.inc"
        function bh_start
        imulq %rcx, %rax
        ret
        end bh_start
