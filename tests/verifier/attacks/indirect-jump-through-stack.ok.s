# accepted
# The closest legal form of indirect-jump-through-stack.s.
        .include "attack.inc"
        function bh_start
        ret
        end bh_start
