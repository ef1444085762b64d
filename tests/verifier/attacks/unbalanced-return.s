# rule: RETURN_DEPTH
# Returns to a value that it pushed itself.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        ret
        end bh_start
